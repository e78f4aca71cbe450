import { Assignment, DriftAction, DriftKind, HealthState, StackState, SyncState } from '@mooring/proto';
import { expect, test } from 'vitest';
import type { Observed, OwnContainer } from './observe/observed.ts';
import type { Workload } from './receive/workload.ts';
import type { Assessment } from './reconciler.ts';
import { strayStacks } from './report/stray-stacks.ts';
import { Standing } from './standing.ts';

const NOW_MS = 1_000_000;

const container = (change: Partial<OwnContainer>): OwnContainer =>
  ({
    id: 'c1',
    name: 'wiki-web-1',
    status: 'running',
    health: 'healthy',
    error: '',
    stack: 'wiki',
    service: 'web',
    replica: 1,
    restartPolicy: 'always',
    startedAtMs: NOW_MS,
    ports: [],
    ...change,
  }) as OwnContainer;
const observed = (...containers: OwnContainer[]) => ({ containers, atMs: NOW_MS }) as unknown as Observed;
const strays = (containers: readonly OwnContainer[], asked: readonly string[]) =>
  strayStacks(observed(...containers), new Set(asked), () => 7);

/** What a host reports that was asked for these stacks, while the engine has `wiki` too. */
function reported(assignment: Assignment | undefined) {
  const standing = new Standing();
  const found = strays([container({})], ['shop']);
  const stacks = [StackState.fromPartial({ stack: 'shop', sync: SyncState.SYNC_STATE_SYNCED })];
  standing.saw({ stacks, strays: found, removedStacks: [], unmanaged: [], settled: true } as unknown as Assessment, 1n);
  const workload = assignment === undefined ? undefined : ({ assignment, stacks: [] } as unknown as Workload);
  return standing.snapshot({ workload, refusal: undefined }, undefined)?.stacks.map(({ stack }) => stack);
}

test('a stack of ours that nobody asked for is drift that is left alone, container by container', () => {
  const sick = container({ id: 'c2', name: 'wiki-db-1', service: 'db', health: 'unhealthy' });
  const [wiki, ...others] = strays([container({}), sick, container({ stack: 'shop', name: 'shop-web-1' })], ['shop']);
  expect(others).toEqual([]);
  expect(wiki).toMatchObject({
    stack: 'wiki',
    sync: SyncState.SYNC_STATE_DRIFTED,
    health: HealthState.HEALTH_STATE_DEGRADED,
    sinceMs: 7n,
    bundle: '',
  });
  expect(wiki?.reason).toContain('neither to run nor to remove');
  expect(wiki?.drift.map(({ name, kind, action }) => [name, kind, action])).toEqual([
    ['wiki-web-1', DriftKind.DRIFT_KIND_EXTRA, DriftAction.DRIFT_ACTION_REPORTED],
    ['wiki-db-1', DriftKind.DRIFT_KIND_EXTRA, DriftAction.DRIFT_ACTION_REPORTED],
  ]);
});

test('strays are reported beside what was asked for, and by the assignment of now', () => {
  const [shop, wiki] = ['shop', 'wiki'].map((stack) => ({ stack }));
  expect(reported(Assignment.fromPartial({ stacks: [shop ?? {}] }))).toHaveLength(2);
  expect(reported(Assignment.fromPartial({ stacks: [shop ?? {}, wiki ?? {}] })), 'it is asked for').toHaveLength(1);
  expect(reported(Assignment.fromPartial({ stacks: [shop ?? {}], removals: [wiki ?? {}] })), 'it goes').toHaveLength(1);
  expect(reported(undefined), 'nobody has said yet what shall run').toHaveLength(1);
});
