import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeJoinString, encodeJoinString, JOIN_STRING_PREFIX, type JoinInvitation } from './join-string.ts';

const invitation: JoinInvitation = {
  fleetId: '0193f1f0-0000-7000-8000-000000000001',
  fleetName: 'home',
  addresses: ['hub.lan:4434', '[fd00::1]:4434'],
  caCertificate: randomBytes(450),
  rootKey: randomBytes(44),
  tokenId: '0193f1f0-0000-7000-8000-000000000002',
  tokenSecret: randomBytes(32),
  host: 'web-1',
  expiresAtMs: 1_764_000_000_000,
};
const text = encodeJoinString(invitation);

describe('a join string', () => {
  test('is one line of at most 1,000 characters that reads back as it was', () => {
    expect(text).toMatch(/^mooring-join-1\.[A-Za-z0-9_-]+$/);
    expect(text.length).toBeLessThanOrEqual(1000);
    expect(decodeJoinString(text)).toEqual(invitation);
  });

  test('survives the line breaks of a terminal', () => {
    expect(decodeJoinString(` ${text.slice(0, 80)}\r\n${text.slice(80)}\n`)).toEqual(invitation);
  });

  test('is refused when cut anywhere', () => {
    for (let length = JOIN_STRING_PREFIX.length + 1; length < text.length; length += 7) {
      expect(() => decodeJoinString(text.slice(0, length)), `${length}`).toThrowError(
        expect.objectContaining({ code: 'JOIN_CHECKSUM' }),
      );
    }
  });

  test('is refused when any one character is edited', () => {
    for (let index = JOIN_STRING_PREFIX.length; index < text.length; index += 1) {
      const other = text[index] === 'A' ? 'B' : 'A';
      expect(() => decodeJoinString(text.slice(0, index) + other + text.slice(index + 1))).toThrowError(
        expect.objectContaining({ code: 'JOIN_CHECKSUM' }),
      );
    }
  });

  test.each(['', 'hello', 'mooring-join-2.AAAA', 'mooring-join-1.', 'mooring-join-1.a+b/', 'x'.repeat(100_000)])(
    'is refused when it is something else: %.20s',
    (other) => {
      expect(() => decodeJoinString(other)).toThrowError(expect.objectContaining({ code: 'JOIN_FORMAT' }));
    },
  );
});
