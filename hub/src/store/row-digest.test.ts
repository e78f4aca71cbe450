import { expect, test } from 'vitest';
import { rowDigest } from './row-digest.ts';

test('the digest of a row is that of its values, their kinds and their borders', () => {
  const rows = [
    ['ab', 'c'],
    ['a', 'bc'],
    ['abc'],
    ['abc', null],
    [null, 'abc'],
    [1, 23],
    [12, 3],
    ['1', 23],
    [Buffer.from('ab'), 'c'],
    [Buffer.from('abc')],
    ['n'],
    ['é', 'e'],
    [],
  ];
  const digests = rows.map((row) => rowDigest(...row).toString('hex'));
  expect(new Set(digests).size).toBe(rows.length);
  expect(digests).toEqual(rows.map((row) => rowDigest(...row).toString('hex')));
});

test('a number is one row whether SQLite hands it over as integer or as big integer, and so are bytes of either class', () => {
  expect(rowDigest(5n)).toEqual(rowDigest(5));
  expect(rowDigest(new Uint8Array([1, 2]))).toEqual(rowDigest(Buffer.from([1, 2])));
});
