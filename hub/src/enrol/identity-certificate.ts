import { createHash } from 'node:crypto';
import type { Fleet } from './fleet.ts';
import { issueCertificate, parseCertificate } from './x509.ts';

/** Days that a host's certificate is valid; it is renewed at two thirds. */
const HOST_DAYS = 90;
/** Days that a person's certificate is valid. */
export const USER_DAYS = 30;

/** A certificate that was issued to a host or user. */
export interface IssuedIdentity {
  /** Leaf first, DER each. */
  readonly chain: Buffer[];
  readonly spkiHash: string;
  readonly endsAtMs: number;
}

/** SPIFFE id of a host. */
export function hostUri(fleetId: string, host: string): string {
  return `spiffe://${fleetId}/agent/${host}`;
}

/** SPIFFE id of a person. */
export function userUri(fleetId: string, user: string): string {
  return `spiffe://${fleetId}/user/${user}`;
}

/** Hex SHA-256 of a DER SubjectPublicKeyInfo: what an identity is known by. */
export function spkiHashOf(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex');
}

/** Issues a client certificate for a public key, DER SubjectPublicKeyInfo. */
export async function issueIdentity(
  fleet: Fleet,
  publicKey: Uint8Array,
  parts: { readonly uri: string; readonly nowMs: number; readonly days?: number | undefined },
): Promise<IssuedIdentity> {
  const authority = { certificatePem: fleet.caCertificatePem, key: fleet.caKey };
  const der = await issueCertificate(authority, publicKey, {
    commonName: parts.uri.slice(parts.uri.lastIndexOf('/') + 1),
    uri: parts.uri,
    usage: 'client',
    notBeforeMs: parts.nowMs,
    days: parts.days ?? HOST_DAYS,
  });
  const certificate = parseCertificate(der);
  return {
    chain: [Buffer.from(der), Buffer.from(fleet.caCertificateDer)],
    // Of the certificate itself, as it will be presented, not of what was asked for.
    spkiHash: spkiHashOf(certificate.publicKey.export({ format: 'der', type: 'spki' })),
    endsAtMs: certificate.validToDate.getTime(),
  };
}
