import { createUser, fromSeed } from 'nkeys.js';

/** Makes a user nkey and returns its seed ("SU…"). */
export function newNkeySeed(): string {
  return Buffer.from(createUser().getSeed()).toString('utf8');
}

/** Public key of a seed, and its signature over `content`. */
export function signWithNkey(
  seed: string,
  content: Uint8Array,
): { readonly nkey: string; readonly signature: Uint8Array } {
  const pair = fromSeed(Buffer.from(seed));
  return { nkey: pair.getPublicKey(), signature: pair.sign(content) };
}
