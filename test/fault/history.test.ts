import { describe, expect, test } from 'vitest';
import { breaches, diaryOf, type HostHistory } from './history.ts';

const EXPECTED = { calm: ['shop-calm-1'], changing: ['shop-app-1'], unknownAfterMs: 5_000 };
const died = (name: string, atMs: number) => ({ type: 'container', action: 'die', name, id: name, atMs });
const started = (name: string, atMs: number) => ({ type: 'container', action: 'start', name, id: name, atMs });

/** Two generations, a human, and an agent that was away for a while: nothing wrong. */
const GOOD: HostHistory = {
  name: 'web-1',
  engine: [
    died('shop-app-1', 1_000),
    died('shop-calm-1', 2_100),
    started('shop-calm-1', 2_200),
    died('shop-app-1', 3_000),
  ],
  acts: [{ container: 'shop-calm-1', atMs: 2_000, what: 'removed' }],
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

  test('in which the next agent puts right what a human changed before it has none, and one that comes later has', () => {
    const acts = [{ container: 'shop-calm-1', atMs: 2_000, what: 'limited' }];
    const absences = [{ fromMs: 10_000, toMs: 20_000 }];
    const stoppedAt = (atMs: number) =>
      judged({ engine: [died('shop-calm-1', atMs), started('shop-calm-1', atMs + 1)], acts, absences });
    expect(stoppedAt(34_000)).toEqual([]);
    expect(stoppedAt(36_000)).toHaveLength(1);
  });

  test('is told as a diary of one container', () => {
    expect(diaryOf(GOOD, 'shop-calm-1')).toEqual([
      '    1970-01-01T00:00:02.000Z by hand: removed',
      '    1970-01-01T00:00:02.100Z die shop-calm-1 shop-c',
      '    1970-01-01T00:00:02.200Z start shop-calm-1 shop-c',
    ]);
  });

  test.each<[string, Partial<HostHistory>, RegExp]>([
    ['a generation that goes back', { generations: [9n, 5n] }, /^web-1: web-1 accepted 5 after 9$/],
    ['a generation that is accepted twice', { generations: [9n, 9n] }, /web-1 accepted 9 after 9$/],
    ['an event that is lost', { stored: [1, 3] }, /event 2 of web-1 was sent and is not stored/],
    ['an event that is stored twice', { stored: [1, 2, 2, 3] }, /event 2 of web-1 is stored twice/],
    ['an event that nobody sent', { stored: [1, 2, 3, 4] }, /event 4 of web-1 is stored and was never sent/],
    [
      'a volume that is destroyed',
      { engine: [{ type: 'volume', action: 'destroy', name: 'shop_kept', id: 'shop_kept', atMs: 1 }] },
      /volume shop_kept of web-1 is gone/,
    ],
    [
      'a container that no commit touches and nobody stopped',
      { acts: [] },
      /the agent of web-1 did stop shop-calm-1 .* which ran as it should/,
    ],
    [
      'one that is stopped twice for one act',
      { engine: [...GOOD.engine, died('shop-calm-1', 2_500)] },
      /did stop shop-calm-1 .* which ran as it should/,
    ],
    [
      'one that is stopped before the act',
      { acts: [{ container: 'shop-calm-1', atMs: 2_200, what: 'removed' }] },
      /did stop shop-calm-1/,
    ],
    [
      'more stops than generations and crashes',
      { engine: [1, 2, 3, 4].map((atMs) => died('shop-app-1', atMs)) },
      /shop-app-1 was stopped 4 times for 2 generations/,
    ],
    [
      'a container that nothing asked for',
      {
        engine: [
          ...GOOD.engine,
          { type: 'container', action: 'create', name: 'shop-other-1', id: 'other', atMs: 4_000 },
        ],
      },
      /the agent of web-1 did create shop-other-1 .* which no accepted assignment wants/,
    ],
    [
      'a host that is shown as synced though nobody speaks for it',
      { shown: [{ atMs: 16_000, sync: 'Synced', online: false }] },
      /web-1 is shown as Synced and was silent for 6000 ms/,
    ],
    [
      'a host that is shown online though nobody speaks for it',
      { shown: [{ atMs: 16_000, sync: 'Unknown', online: true }] },
      /web-1 is shown as Unknown and online/,
    ],
  ])('tells %s', (_, change, breach) => {
    const found = judged(change);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(breach);
  });
});
