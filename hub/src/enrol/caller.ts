import { MooringError } from '@mooring/proto';
import type { Caller, PresentedKey } from '../grpc/handlers.ts';
import type { HostRecord, IdentityStore } from '../store/store.ts';
import { spkiHashOf } from './identity-certificate.ts';
import { parseCertificate } from './x509.ts';

/** Whose certificate it is, and which of a host's two keys it carries. */
export interface KnownCaller {
  readonly caller: Caller;
  /** Set when a renewed certificate is used for the first time. */
  readonly promote?: HostRecord | undefined;
}

/**
 * Whose certificate this is. The TLS layer has proved that the fleet's authority signed it; here it must be a leaf with exactly one name, of
 * this fleet, valid now, and its key that of an active identity; a host's key that is not known is that of a host that returns. Throws UNAUTHENTICATED, CERT_EXPIRED, CERT_NOT_YET_VALID, AGENT_REVOKED
 * or USER_REVOKED.
 */
export function knownCaller(
  parts: { readonly fleetId: string; readonly store: IdentityStore; readonly nowMs: number },
  peerCertificateDer: Uint8Array,
): KnownCaller {
  const certificate = parseCertificate(peerCertificateDer);
  // The whole extension is compared: a second name of any kind makes another text.
  const name = /^URI:spiffe:\/\/([0-9a-f-]{36})\/(agent|user)\/([a-z0-9-]{1,63})$/.exec(
    certificate.subjectAltName ?? '',
  );
  if (certificate.ca || name === null) {
    throw unauthenticated('its certificate names no host or user; one issued by this hub is wanted');
  }
  const [, fleetId, kind, who = ''] = name;
  if (fleetId !== parts.fleetId)
    throw unauthenticated('its certificate is of another fleet; one issued by this hub is wanted');
  checkDates(certificate.validFromDate.getTime(), certificate.validToDate.getTime(), parts.nowMs);
  const spkiHash = spkiHashOf(certificate.publicKey.export({ format: 'der', type: 'spki' }));
  if (kind === 'user') return knownUser(parts.store, who, spkiHash);
  return knownHost(parts.store, who, { spkiHash, endsAtMs: certificate.validToDate.getTime() });
}

/** A key that never ended here, and that no host has, is of a host that this hub forgot: with a backup, or with all it had. */
function knownHost(store: IdentityStore, name: string, key: PresentedKey): KnownCaller {
  const { spkiHash } = key;
  const host = store.host(name);
  const next = host !== undefined && host.nextSpkiHash !== '' && host.nextSpkiHash === spkiHash;
  if (host === undefined || !(next || host.spkiHash === spkiHash)) {
    if (store.isEndedKey(spkiHash))
      throw unauthenticated(`its key is not that of host ${name}; the key it joined with last is wanted`);
    return { caller: { kind: 'agent', name, role: 'returning', identityId: spkiHash, key } };
  }
  if (host.revokedAtMs !== 0) throw revoked(name);
  const caller: Caller = { kind: 'agent', name, role: 'agent', identityId: host.identityId };
  return next ? { caller, promote: host } : { caller };
}

function knownUser(store: IdentityStore, name: string, spkiHash: string): KnownCaller {
  const user = store.user(name);
  if (user === undefined || user.spkiHash !== spkiHash) {
    throw unauthenticated(`its key is not that of user ${name}; the newest certificate is wanted`);
  }
  if (user.revokedAtMs !== 0) {
    throw new MooringError('USER_REVOKED', `Cannot accept call: user ${name} was revoked; a new certificate is wanted`);
  }
  return { caller: { kind: 'user', name, role: user.role, identityId: user.identityId } };
}

/** The identity of a host was ended by a person. */
export function revoked(host: string): MooringError {
  return new MooringError('AGENT_REVOKED', `Cannot accept call: host ${host} was revoked; a new invitation is wanted`, {
    hint: `Run on the hub: mooring invite ${host} --replace`,
  });
}

function checkDates(fromMs: number, toMs: number, nowMs: number): void {
  if (nowMs > toMs) {
    const ended = new Date(toMs).toISOString();
    throw new MooringError(
      'CERT_EXPIRED',
      `Cannot accept call: its certificate ended at ${ended}; a renewed one is wanted`,
    );
  }
  if (nowMs >= fromMs) return;
  const begins = new Date(fromMs).toISOString();
  throw new MooringError(
    'CERT_NOT_YET_VALID',
    `Cannot accept call: its certificate begins at ${begins}; clocks that agree are wanted`,
  );
}

function unauthenticated(what: string): MooringError {
  return new MooringError('UNAUTHENTICATED', `Cannot accept call: ${what}`);
}
