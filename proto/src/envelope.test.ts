import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeEnvelope, keyIdOf, preAuthenticationEncoding, signEnvelope, verifyEnvelope } from './envelope.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const trusted = [{ keyId: keyIdOf(publicKey), key: publicKey }];
const type = 'application/vnd.mooring.assignment.v1+protobuf';
const payload = Buffer.from('payload');

function refusalOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'accepted';
}

function edited(change: (envelope: Record<string, unknown>) => void): Uint8Array {
  const envelope = JSON.parse(Buffer.from(signEnvelope(type, payload, privateKey)).toString());
  change(envelope);
  return Buffer.from(JSON.stringify(envelope));
}

describe('the envelope', () => {
  test("encodes as the DSSE specification's own vector says", () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  test('is accepted when a trusted key signed exactly these bytes', () => {
    const verified = verifyEnvelope(decodeEnvelope(signEnvelope(type, payload, privateKey)), trusted);
    expect(Buffer.from(verified).toString()).toBe('payload');
  });

  test('accepts URL-safe base64 without padding', () => {
    const urlSafe = edited((envelope) => {
      const [signature] = envelope['signatures'] as { sig: string }[];
      if (signature !== undefined) signature.sig = Buffer.from(signature.sig, 'base64').toString('base64url');
    });
    expect(verifyEnvelope(decodeEnvelope(urlSafe), trusted)).toHaveLength(payload.length);
  });

  test.each([
    ['nothing', () => new Uint8Array(), 'ASSIGNMENT_FORMAT'],
    ['text that is not JSON', () => Buffer.from('{"payload"'), 'ASSIGNMENT_FORMAT'],
    ['a JSON list', () => Buffer.from('[]'), 'ASSIGNMENT_FORMAT'],
    [
      'no signature',
      () =>
        edited((envelope) => {
          envelope['signatures'] = [];
        }),
      'ASSIGNMENT_UNSIGNED',
    ],
    [
      'a thousand signatures',
      () =>
        edited((envelope) => {
          envelope['signatures'] = Array(1000).fill({ keyid: '', sig: '' });
        }),
      'ASSIGNMENT_FORMAT',
    ],
    [
      'an unknown key',
      () =>
        edited((envelope) => {
          envelope['signatures'] = [{ keyid: 'ff', sig: 'AAAA' }];
        }),
      'ASSIGNMENT_KEY_UNKNOWN',
    ],
    [
      'a changed payload',
      () =>
        edited((envelope) => {
          envelope['payload'] = Buffer.from('Payload').toString('base64');
        }),
      'ASSIGNMENT_SIGNATURE',
    ],
    [
      'a changed type',
      () =>
        edited((envelope) => {
          envelope['payloadType'] = 'text/plain';
        }),
      'ASSIGNMENT_SIGNATURE',
    ],
    [
      'broken base64',
      () =>
        edited((envelope) => {
          envelope['payload'] = 'a b';
        }),
      'ASSIGNMENT_FORMAT',
    ],
    ['more bytes than are read', () => Buffer.alloc(5 * 1024 * 1024), 'ASSIGNMENT_TOO_LARGE'],
  ])('is refused with %s', (_, bytes, code) => {
    expect(refusalOf(() => verifyEnvelope(decodeEnvelope(bytes()), trusted))).toBe(code);
  });

  test.each([
    ['a digit too many', 'AAAAA'],
    ['padding that fills nothing', 'AAAA='],
    ['padding alone', '=='],
    ['more padding than there is', 'A==='],
    ['padding inside', 'QQ==QQ=='],
    ['both alphabets', 'AB+-'],
    ['a character whose last byte is a digit', 'AAA\u0141'],
    ['a line break', 'AAAA\nAAAA'],
  ])('is refused with %s in its base64', (_, text) => {
    const bytes = edited((envelope) => {
      envelope['payload'] = text;
    });
    expect(refusalOf(() => decodeEnvelope(bytes))).toBe('ASSIGNMENT_FORMAT');
  });

  test.each([
    ['', ''],
    ['QQ', 'A'],
    ['QQ==', 'A'],
    ['QUI', 'AB'],
    ['-_8', '\xfb\xff'],
    ['+/8=', '\xfb\xff'],
  ])('of payload "%s" is read', (text, content) => {
    const bytes = edited((envelope) => {
      envelope['payload'] = text;
    });
    expect(Buffer.from(decodeEnvelope(bytes).payload).toString('latin1')).toBe(content);
  });

  test('is refused when the right key id stands over another key', () => {
    const other = generateKeyPairSync('ed25519').publicKey;
    const lying = [{ keyId: keyIdOf(publicKey), key: createPublicKey(other.export({ format: 'pem', type: 'spki' })) }];
    expect(refusalOf(() => verifyEnvelope(decodeEnvelope(signEnvelope(type, payload, privateKey)), lying))).toBe(
      'ASSIGNMENT_SIGNATURE',
    );
  });
});
