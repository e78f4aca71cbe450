import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Backoff, pause } from './backoff.ts';

describe('a backoff', () => {
  const bounds = { firstMs: 1000, maxMs: 30_000 };
  const longest = () => new Backoff(bounds, () => 1);

  test('doubles up to its maximum, and begins anew after a success', () => {
    const backoff = longest();
    expect(Array.from({ length: 7 }, () => backoff.next())).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    backoff.reset();
    expect(backoff.next()).toBe(1000);
  });

  test('waits anything up to its bound, so that hosts never come back in step', () => {
    expect(new Backoff(bounds, () => 0).next()).toBe(0);
    expect(new Backoff(bounds, () => 0.25).next()).toBe(250);
  });

  test('never ends sooner than the other side asked for, and spreads over as long again', () => {
    expect(new Backoff(bounds, () => 0).next(5000)).toBe(5000);
    expect(new Backoff(bounds, () => 0.5).next(5000)).toBe(7500);
    expect(longest().next(100)).toBe(1100);
  });

  test('lets nobody ask for more than five minutes', () => {
    expect(new Backoff(bounds, () => 0).next(Number.MAX_SAFE_INTEGER)).toBe(300_000);
  });

  test('begins with the pace that the other side has set, as long as it is slower', () => {
    const backoff = longest();
    backoff.reset(20_000);
    expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([20_000, 30_000, 30_000]);
    backoff.reset(100);
    expect(backoff.next()).toBe(1000);
    backoff.reset(60_000);
    expect([backoff.next(), backoff.next()]).toEqual([60_000, 60_000]);
  });

  test('stays a number however often it failed', async () => {
    await fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const backoff = new Backoff(bounds, () => random);
        for (let index = 0; index < failures; index += 1) backoff.next();
        const wait = backoff.next();
        expect(wait >= 0 && wait <= bounds.maxMs).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a pause', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('ends in time, or at once when it is woken', async () => {
    const ended: string[] = [];
    const wake = new AbortController();
    void pause(1000, new AbortController().signal).then(() => ended.push('slept'));
    void pause(1000, wake.signal).then(() => ended.push('woken'));
    wake.abort();
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toEqual(['woken']);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toEqual(['woken', 'slept']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('of somebody who is awake already is none', async () => {
    await pause(1000, AbortSignal.abort());
    expect(vi.getTimerCount()).toBe(0);
  });
});
