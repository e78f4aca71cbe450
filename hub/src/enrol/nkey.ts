import { createUser, fromPublic, fromSeed } from 'nkeys.js';

/** Makes a user nkey and returns its seed ("SU…"). */
export function newNkeySeed(): string {
  return Buffer.from(createUser().getSeed()).toString('utf8');
}

/** Public key ("U…") of a seed. */
export function nkeyOfSeed(seed: string): string {
  return fromSeed(Buffer.from(seed)).getPublicKey();
}

/** True when `signature` over `content` was made by the owner of the public user nkey. */
export function verifyNkey(nkey: string, content: Uint8Array, signature: Uint8Array): boolean {
  try {
    return nkey.startsWith('U') && fromPublic(nkey).verify(content, signature);
  } catch {
    // The library throws for text that is no nkey: nobody owns that.
    return false;
  }
}
