import { createPublicKey } from 'node:crypto';
import {
  decodeEnvelope,
  type Envelope,
  keyIdOf,
  MooringError,
  PAYLOAD_TYPES,
  Trust,
  type TrustedKey,
  verifyEnvelope,
} from '@mooring/proto';
import type { VerifiedTrust } from './identity.ts';

/** Verifies a trust file with the root key that the join string pinned. Throws TRUST_FORMAT, TRUST_SIGNATURE or JOIN_FLEET. */
export function verifyTrust(
  bytes: Uint8Array,
  pinned: { readonly rootKey: Uint8Array; readonly fleetId: string },
): VerifiedTrust {
  const envelope = readEnvelope(bytes);
  const trust = readPayload(envelope, readKey(pinned.rootKey));
  if (trust.fleetId !== pinned.fleetId) {
    throw new MooringError(
      'JOIN_FLEET',
      `Cannot trust file: it is of fleet ${trust.fleetId}; ${pinned.fleetId} is wanted`,
    );
  }
  if (trust.assignmentKeys.length === 0) throw malformed('it names no key for assignments; one at least is wanted');
  return {
    version: trust.version,
    assignmentKeys: trust.assignmentKeys.map(({ spki }) => readKey(spki)),
    caCertificates: trust.caCertificates,
    envelope: bytes,
  };
}

function readEnvelope(bytes: Uint8Array): Envelope {
  let envelope: Envelope;
  try {
    envelope = decodeEnvelope(bytes);
  } catch (cause) {
    throw malformed('it is no signed envelope; DSSE v1 is wanted', cause);
  }
  if (envelope.payloadType === PAYLOAD_TYPES.trust) return envelope;
  throw malformed(`its type is ${envelope.payloadType}; ${PAYLOAD_TYPES.trust} is wanted`);
}

function readPayload(envelope: Envelope, root: TrustedKey): Trust {
  let payload: Uint8Array;
  try {
    payload = verifyEnvelope(envelope, [root]);
  } catch (cause) {
    throw new MooringError(
      'TRUST_SIGNATURE',
      "Cannot trust file: the fleet's root key did not sign it; that signature is wanted",
      {
        cause,
      },
    );
  }
  try {
    return Trust.decode(payload);
  } catch (cause) {
    throw malformed('its content cannot be read; mooring.v1.Trust is wanted', cause);
  }
}

/** The id is computed, never taken from the file. */
function readKey(spki: Uint8Array): TrustedKey {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return { keyId: keyIdOf(key), key };
  } catch (cause) {
    throw malformed('it names a key that cannot be read; Ed25519 is wanted', cause);
  }
  throw malformed('it names a key of another kind; Ed25519 is wanted');
}

function malformed(what: string, cause?: unknown): MooringError {
  return new MooringError('TRUST_FORMAT', `Cannot trust file: ${what}`, { cause });
}
