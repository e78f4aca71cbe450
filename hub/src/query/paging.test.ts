import { expect, test } from 'vitest';
import { fitting, numberPosition, pagePosition, pageSize, pageToken } from './paging.ts';

test('a page ends before its message grows too large, and holds at least one entry', () => {
  const sizes = [1_000_000, 2_000_000, 500_000];
  expect(fitting(sizes, String, Number)).toEqual(['1000000', '2000000']);
  expect(fitting([9_000_000, 1], String, Number)).toEqual(['9000000']);
});

test('a token names a position of its own list only', () => {
  const token = pageToken('hosts', 'web:1');
  expect(pagePosition('hosts', token)).toBe('web:1');
  expect(pagePosition('hosts', '')).toBeUndefined();
  expect(() => pagePosition('stacks', token)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(numberPosition('events', pageToken('events', '42'))).toBe(42);
  for (const position of ['', '-1', '1e9', '9'.repeat(20)]) {
    expect(() => numberPosition('events', pageToken('events', position))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  }
});

test('a page has 100 entries unless asked, and at most 1000', () => {
  expect([pageSize(0), pageSize(7), pageSize(1000)]).toEqual([100, 7, 1000]);
  expect(() => pageSize(1001)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
