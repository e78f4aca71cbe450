import { HealthState, SyncState } from '@mooring/proto';
import { expect, test } from 'vitest';
import { hostRecord } from '../store/temporary-store.fake.ts';
import { assignment, hostHead, stackHead, wellHost } from './host-facts.fake.ts';
import type { HostFacts } from './host-facts.ts';
import { summarizeHost } from './host-summary.ts';
import { type HostView, viewHost } from './host-view.ts';
import { worstFirst } from './order.ts';
import { revisionProgress } from './revision-progress.ts';
import { spreadStacks, summarizeStack } from './stack-summary.ts';
import { sum } from './sum.ts';

const offline = { online: false, lastSeenMs: 1, reported: false };

function view(name: string, change: Partial<HostFacts> = {}): HostView {
  return viewHost(wellHost({ host: hostRecord(name, 100), ...change }));
}

test('a sum counts and names the worst, and nothing is known of nothing', () => {
  const well = { sync: SyncState.SYNC_STATE_SYNCED, health: HealthState.HEALTH_STATE_HEALTHY, online: true };
  const held = { ...well, sync: SyncState.SYNC_STATE_HELD };
  expect(sum([well, held, well])).toEqual({
    total: 3,
    online: 3,
    synced: 2,
    healthy: 3,
    sync: SyncState.SYNC_STATE_HELD,
    health: HealthState.HEALTH_STATE_HEALTHY,
  });
  expect(sum([])).toMatchObject({
    total: 0,
    sync: SyncState.SYNC_STATE_UNKNOWN,
    health: HealthState.HEALTH_STATE_UNKNOWN,
  });
});

test('a stack sums up its hosts, lists those that are not well, and names the worst', () => {
  const hosts = [
    view('a'),
    view('b', { sighting: offline }),
    view('c', { stacks: [stackHead({ sync: SyncState.SYNC_STATE_FAILED, reason: 'no room' })] }),
  ];
  const [spread] = spreadStacks(hosts);
  if (spread === undefined) throw new Error('the stack is wanted');
  const brief = summarizeStack(spread, 1);
  expect(brief).toMatchObject({
    name: 'shop',
    sum: { total: 3, online: 2, synced: 1, healthy: 2, sync: SyncState.SYNC_STATE_FAILED },
    reason: 'c: no room',
  });
  expect(brief.hosts.map(({ host }) => host)).toEqual(['c']);
  expect(summarizeStack(spread).hosts.map(({ host }) => host)).toEqual(['a', 'b', 'c']);
});

test('hosts are sorted worst first, then by name', () => {
  const hosts = [view('d'), view('c', { sighting: offline }), view('a'), view('b', { sighting: offline })];
  const sorted = worstFirst(
    hosts,
    (host) => host,
    ({ facts }) => facts.host.name,
  );
  expect(sorted.map(({ facts }) => facts.host.name)).toEqual(['b', 'c', 'a', 'd']);
});

test('a summary tells ages by the clock of the hub, labels in order, and -1 for never', () => {
  const rendered = { labels: { z: '1', a: '2' }, problems: [] };
  expect(summarizeHost(view('a', { rendered }), undefined, 6000)).toMatchObject({
    lastSeenAgeMs: 1000n,
    sinceAgeMs: 5010n,
    stacksSynced: 1,
    stacksTotal: 1,
    assignedGeneration: 10n,
    labels: [
      { name: 'a', value: '2' },
      { name: 'z', value: '1' },
    ],
  });
  const never = { online: false, lastSeenMs: 0, reported: false };
  expect(summarizeHost(view('a', { sighting: never }), undefined, 6000).lastSeenAgeMs).toBe(-1n);
});

test('a revision is done on a host that is there, applied it, and is synced and healthy', () => {
  const generations = new Map(['a', 'b', 'c', 'd', 'e'].map((name) => [name, 10n]));
  const hosts = [
    view('a'),
    view('b', { sighting: offline }),
    view('c', { head: hostHead({ appliedGeneration: 9n }) }),
    view('d', { stacks: [stackHead({ sync: SyncState.SYNC_STATE_FAILED })] }),
    view('e', { stacks: [stackHead({ health: HealthState.HEALTH_STATE_PROGRESSING })] }),
    view('f'),
    view('g', { host: { ...hostRecord('g', 1), revokedAtMs: 9 } }),
  ];
  expect(revisionProgress(hosts, generations, { isNewest: true })).toEqual({
    total: 5,
    done: 1,
    failed: ['d'],
    waiting: ['b', 'c', 'e'],
  });
});

test('an older revision is done where a newer generation was applied', () => {
  const host = view('a', { assignment: assignment({ generation: 10n }) });
  expect(revisionProgress([host], new Map([['a', 4n]]), { isNewest: false })).toMatchObject({ total: 1, done: 1 });
});

test('the newest revision waits for a host that joined and was not rendered for yet, an older one does not', () => {
  const joined = view('a', { assignment: undefined, rendered: undefined });
  const unselected = view('b', { assignment: undefined, rendered: { labels: {}, problems: [] } });
  const progress = (isNewest: boolean) => revisionProgress([joined, unselected], new Map(), { isNewest });
  expect(progress(true)).toEqual({ total: 1, done: 0, failed: [], waiting: ['a'] });
  expect(progress(false)).toEqual({ total: 0, done: 0, failed: [], waiting: [] });
});
