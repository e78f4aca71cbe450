import { describe, expect, it } from 'vitest';
import { pauseMs } from './pacer.ts';

describe('the pause between polls', () => {
  it('is the poll interval while polls work, spread by a fifth', () => {
    expect(pauseMs(30_000, 0, 0)).toBe(30_000);
    expect(pauseMs(30_000, 0, 1)).toBe(24_000);
  });

  it('grows from a second to half a minute while they fail, spread by half', () => {
    expect([1, 2, 3, 5, 6, 50].map((failures) => pauseMs(5000, failures, 0))).toEqual([
      1000, 2000, 4000, 16_000, 30_000, 30_000,
    ]);
    expect(pauseMs(5000, 3, 1)).toBe(2000);
  });

  it('never becomes shorter than polls are apart', () => {
    expect(pauseMs(300_000, 50, 0)).toBe(300_000);
  });
});
