import { describe, expect, test } from 'vitest';
import { breaches, type HostHistory } from './history.ts';

const EXPECTED = { calm: ['shop-calm-1'], changing: ['shop-app-1'], unknownAfterMs: 5_000 };
const died = (name: string, atMs: number) => ({ type: 'container', action: 'die', name, atMs });

/** Two generations, a human, and an agent that was away for a while: nothing wrong. */
const GOOD: HostHistory = {
  name: 'web-1',
  engine: [died('shop-app-1', 1_000), died('shop-calm-1', 2_100), died('shop-app-1', 3_000)],
  acts: [{ container: 'shop-calm-1', atMs: 2_000 }],
  generations: [5n, 9n],
  sent: 3,
  stored: [1, 2, 3],
  shown: [
    { atMs: 100, sync: 'Synced', online: true },
    { atMs: 12_000, sync: 'Synced', online: true },
    { atMs: 17_000, sync: 'Unknown', online: false },
  ],
  absences: [{ fromMs: 10_000, toMs: 20_000 }],
};
const judged = (change: Partial<HostHistory>) => breaches({ ...GOOD, ...change }, EXPECTED);

describe('a history', () => {
  test('that is as promised has no breach', () => {
    expect(judged({})).toEqual([]);
  });

  test.each<[string, Partial<HostHistory>, RegExp]>([
    ['a generation that goes back', { generations: [9n, 5n] }, /^web-1: generation 5 was accepted after 9$/],
    ['a generation that is accepted twice', { generations: [9n, 9n] }, /generation 9 was accepted after 9/],
    ['an event that is lost', { stored: [1, 3] }, /events 2 of 3 are not stored/],
    ['an event that is stored twice', { stored: [1, 2, 2, 3] }, /1 events are stored twice/],
    ['an event that nobody sent', { stored: [1, 2, 3, 4] }, /events 4 were never sent/],
    [
      'a volume that is destroyed',
      { engine: [{ type: 'volume', action: 'destroy', name: 'shop_kept', atMs: 1 }] },
      /volume shop_kept was destroyed/,
    ],
    [
      'a container that no commit touches and nobody stopped',
      { acts: [] },
      /shop-calm-1 was stopped at .* without need/,
    ],
    [
      'one that is stopped twice for one act',
      { engine: [...GOOD.engine, died('shop-calm-1', 2_500)] },
      /shop-calm-1 was stopped at 1970-01-01T00:00:02.500Z without need/,
    ],
    [
      'one that is stopped before the act',
      { acts: [{ container: 'shop-calm-1', atMs: 2_200 }] },
      /shop-calm-1 was stopped/,
    ],
    [
      'more stops than generations and crashes',
      { engine: [1, 2, 3, 4].map((atMs) => died('shop-app-1', atMs)) },
      /shop-app-1 was stopped 4 times for 2 generations/,
    ],
    [
      'a host that is shown as synced though nobody speaks for it',
      { shown: [{ atMs: 16_000, sync: 'Synced', online: false }] },
      /it was shown Synced at .* while nobody spoke for it/,
    ],
  ])('tells %s', (_, change, breach) => {
    const found = judged(change);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(breach);
  });
});
