import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { openForHost, openObject, sealForHost, sealObject } from './seal.ts';

const secret = randomBytes(32);
const plain = Buffer.from('upstream { server app:8080; }');

describe('a sealed object', () => {
  const sealed = sealObject(secret, plain);
  const opener = { object: sealed.object, plainDigest: digestOf(plain), key: sealed.key, nonce: sealed.nonce };

  test('opens to the content that was sealed', () => {
    expect(Buffer.from(openObject(sealed.ciphertext, opener)).toString()).toBe(plain.toString());
  });

  test('keeps its name for the same content and secret, and has another for another secret', () => {
    expect(sealObject(secret, plain).object).toBe(sealed.object);
    expect(sealObject(randomBytes(32), plain).object).not.toBe(sealed.object);
  });

  test('is refused when a byte changed', () => {
    const changed = Buffer.from(sealed.ciphertext);
    changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
    expect(() => openObject(changed, opener)).toThrow(expect.objectContaining({ code: 'OBJECT_DIGEST' }));
    expect(() => openObject(changed, { ...opener, object: digestOf(changed) })).toThrow(
      expect.objectContaining({ code: 'OBJECT_SEAL' }),
    );
  });

  test('is refused when it opens to another content than the assignment names', () => {
    const wanted = { ...opener, plainDigest: digestOf(Buffer.from('other')) };
    expect(() => openObject(sealed.ciphertext, wanted)).toThrow(expect.objectContaining({ code: 'OBJECT_DIGEST' }));
  });
});

describe('material sealed for a host', () => {
  const dataKey = randomBytes(32);

  test('opens with the key and context it was sealed with, and with nothing else', () => {
    const sealed = sealForHost(dataKey, 'web-1', plain);
    expect(Buffer.from(openForHost(dataKey, 'web-1', sealed)).toString()).toBe(plain.toString());
    expect(() => openForHost(dataKey, 'web-2', sealed)).toThrow(expect.objectContaining({ code: 'ASSIGNMENT_SEAL' }));
    expect(() => openForHost(randomBytes(32), 'web-1', sealed)).toThrow(
      expect.objectContaining({ code: 'ASSIGNMENT_SEAL' }),
    );
    expect(() => openForHost(dataKey, 'web-1', new Uint8Array(5))).toThrow(
      expect.objectContaining({ code: 'ASSIGNMENT_SEAL' }),
    );
  });
});
