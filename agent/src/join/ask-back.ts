import { createHash, X509Certificate } from 'node:crypto';
import { type AskBackRequest, type Label, MAX_ASK_BACK_ASSIGNMENT_BYTES } from '@mooring/proto';
import type { Identity } from './identity.ts';
import { signWithNkey } from './nkey.ts';

/** What the host tells beside its identity. */
export interface Standing {
  readonly machineId: string;
  readonly agentVersion: string;
  readonly highWater: bigint;
  /** The accepted assignment; undefined: none. */
  readonly accepted: Uint8Array | undefined;
  /** Undefined: no hub ever told them. */
  readonly labels: readonly Label[] | undefined;
}

/** SHA-256 of the host's public key: what its hub knows it by, and shows to whoever lets it in again. */
export function keyHashOf({ tls }: Pick<Identity, 'tls'>): Buffer {
  const known = HASHES.get(tls);
  if (known !== undefined) return known;
  const spki = new X509Certificate(tls.cert).publicKey.export({ format: 'der', type: 'spki' });
  const hash = createHash('sha256').update(spki).digest();
  HASHES.set(tls, hash);
  return hash;
}

/** It is asked for every few seconds, and a certificate takes its time to read. */
const HASHES = new WeakMap<Identity['tls'], Buffer>();

/** What a host says of itself to a hub that does not remember it. Its name and key are proved by its certificate, its nkey by a signature. */
export function askBackRequest(identity: Identity, standing: Standing): AskBackRequest {
  const { nkey, signature } = signWithNkey(identity.nkeySeed, keyHashOf(identity));
  const { machineId, agentVersion, highWater, accepted = new Uint8Array(), labels } = standing;
  return {
    identityId: identity.identityId,
    nkey,
    nkeySignature: Buffer.from(signature),
    machineId,
    agentVersion,
    highWater,
    accepted: Buffer.from(accepted.byteLength > MAX_ASK_BACK_ASSIGNMENT_BYTES ? new Uint8Array() : accepted),
    labels: [...(labels ?? [])],
    labelsTold: labels !== undefined,
  };
}
