import { createHash, randomUUID } from 'node:crypto';
import type { Store } from '@mooring/hub';

const INVITED_FOR_MS = 600_000;

/** A host that joined, by what its hub knows of it. */
export interface JoinedHost {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its certificate's key. Without one it can be spoken of, and can never connect. */
  readonly spkiHash?: string;
  /** Of its user on the broker. */
  readonly nkey: string;
}

/** Stores a host as one that joined by an invitation. */
export async function storeJoinedHost(
  store: Store,
  { name, labels, spkiHash = createHash('sha256').update(name).digest('hex'), nkey }: JoinedHost,
): Promise<void> {
  await store.addInvitation({
    id: name,
    secretHash: '',
    host: name,
    labels,
    expiresAtMs: Date.now() + INVITED_FOR_MS,
    usedAtMs: 0,
    replace: false,
  });
  await store.joinHost(name, {
    name,
    labels,
    identityId: randomUUID(),
    joinedAtMs: Date.now(),
    spkiHash,
    nextSpkiHash: '',
    certificateEndsAtMs: Date.now() + INVITED_FOR_MS,
    nkey,
    machineId: '',
    revokedAtMs: 0,
    agentVersion: '',
  });
}
