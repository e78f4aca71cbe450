import { fromPublic, fromSeed } from 'nkeys.js';
import { describe, expect, test } from 'vitest';
import { newNkeySeed, signWithNkey } from './nkey.ts';

describe('signing with an nkey', () => {
  test('gives the public key and the signature that the library of NATS gives', () => {
    for (let index = 0; index < 4; index += 1) {
      const seed = newNkeySeed();
      const content = Buffer.from(`nonce ${index}`);
      const { nkey, signature } = signWithNkey(seed, content);
      const theirs = fromSeed(Buffer.from(seed));
      expect(nkey).toBe(theirs.getPublicKey());
      expect(Buffer.from(signature)).toEqual(Buffer.from(theirs.sign(content)));
      expect(fromPublic(nkey).verify(content, signature)).toBe(true);
    }
  });
});
