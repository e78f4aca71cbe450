import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  decodeEnvelope,
  keyIdOf,
  MooringError,
  PAYLOAD_TYPES,
  signEnvelope,
  Trust,
  type TrustedKey,
  verifyEnvelope,
} from '@mooring/proto';

/** Makes the first trust file of a fleet, signed by its root key. */
export function firstTrustFile(parts: {
  readonly fleetId: string;
  readonly rootKey: KeyObject;
  readonly assignmentKey: KeyObject;
  readonly caCertificateDer: Uint8Array;
  readonly issuedAtMs: number;
}): Uint8Array {
  const trust = Trust.encode({
    fleetId: parts.fleetId,
    version: 1n,
    rootKeys: [publicKeyOf(parts.rootKey)],
    assignmentKeys: [publicKeyOf(parts.assignmentKey)],
    caCertificates: [Buffer.from(parts.caCertificateDer)],
    issuedAtMs: BigInt(parts.issuedAtMs),
  }).finish();
  return signEnvelope(PAYLOAD_TYPES.trust, trust, parts.rootKey);
}

/** Reads a trust file of the hub's own folder and checks that one of the root keys it names signed it. Throws TRUST_SIGNATURE, TRUST_FORMAT. */
export function readTrustFile(envelope: Uint8Array): Trust {
  const { payload, payloadType, signatures } = decodeEnvelope(envelope);
  if (payloadType !== PAYLOAD_TYPES.trust) {
    throw new MooringError(
      'TRUST_FORMAT',
      `Cannot read trust file: its type is ${payloadType}; ${PAYLOAD_TYPES.trust} is wanted`,
    );
  }
  const trust = Trust.decode(payload);
  try {
    verifyEnvelope({ payload, payloadType, signatures }, trust.rootKeys.map(trustedKey));
  } catch (cause) {
    throw new MooringError(
      'TRUST_SIGNATURE',
      'Cannot read trust file: its root key did not sign it; the file as it was made is wanted',
      {
        hint: 'Restore the folder from a backup.',
        cause,
      },
    );
  }
  return trust;
}

function publicKeyOf(key: KeyObject): { keyId: string; spki: Buffer } {
  return { keyId: keyIdOf(key), spki: createPublicKey(key).export({ format: 'der', type: 'spki' }) };
}

function trustedKey(named: { readonly spki: Uint8Array }): TrustedKey {
  const key = createPublicKey({ key: Buffer.from(named.spki), format: 'der', type: 'spki' });
  return { keyId: keyIdOf(key), key };
}
