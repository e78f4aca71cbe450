import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hubUri } from './fleet.ts';
import { type Authority, issueCertificate } from './x509.ts';

/** Days that the hub's own certificate is valid. */
const SERVER_DAYS = 365;
/** Milliseconds before its end at which it is renewed: a hub that restarts once a month never serves an expired one. */
const RENEW_BEFORE_MS = 30 * 24 * 60 * 60 * 1000;
/** How the hub's own machine calls it. */
const LOCAL_ADDRESSES = ['localhost', '127.0.0.1', '::1'] as const;

/** Issues the hub's server certificate for its addresses and for this machine. Returns PEM. */
export async function issueServerCertificate(
  authority: Authority,
  key: KeyObject,
  parts: { readonly fleetId: string; readonly addresses: readonly string[]; readonly nowMs: number },
): Promise<string> {
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const der = await issueCertificate(authority, publicKey, {
    commonName: 'hub',
    uri: hubUri(parts.fleetId),
    addresses: allAddresses(parts.addresses),
    usage: 'server',
    notBeforeMs: parts.nowMs,
    days: SERVER_DAYS,
  });
  return certificatePem(der);
}

/** True when the certificate ends soon, begins later (the clock was wrong when it was made), or does not name every address. */
export function needsRenewal(certificate: X509Certificate, addresses: readonly string[], nowMs: number): boolean {
  const { validFromDate, validToDate } = certificate;
  if (validToDate.getTime() - nowMs < RENEW_BEFORE_MS || validFromDate.getTime() > nowMs) return true;
  return allAddresses(addresses).some((address) =>
    isIP(address) === 0
      ? certificate.checkHost(address, { subject: 'never' }) === undefined
      : certificate.checkIP(address) === undefined,
  );
}

/** PEM of a DER certificate. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function allAddresses(addresses: readonly string[]): readonly string[] {
  return [...new Set([...addresses, ...LOCAL_ADDRESSES])];
}
