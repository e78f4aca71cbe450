import { Drift, HealthState, MAX_DRIFT_PER_STACK, SyncState } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import type { Observed, OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from '../plan/desired.ts';
import type { StackPlan } from '../plan/plan.ts';
import { bundleOf } from '../verify/signer.fake.ts';
import { assessStack, nextHealthyAtMs, type StackFacts } from './assess.ts';

const NOW_MS = 1_000_000;
const QUIET: StackFacts = {
  applying: false,
  problem: undefined,
  waits: '',
  appliedAtMs: 7,
  lastHealthyBundle: 'b0',
  completion: () => undefined,
};

function desired(replicas = 1, hold?: DesiredStack['hold']): DesiredStack {
  const bundle = bundleOf('shop', {
    spoil: (whole) => ({ ...whole, services: whole.services.map((service) => ({ ...service, replicas })) }),
  });
  return { stack: 'shop', commit: 'c0', generation: 7n, bundleObject: 'b1', bundle, driftMode: 1, ignore: [], hold };
}

function container(change: Partial<OwnContainer> = {}): OwnContainer {
  return {
    id: 'c1',
    name: 'shop-web-1',
    labels: {},
    image: 'nginx',
    imageId: 'sha256:1',
    status: 'running',
    health: '',
    exitCode: 0,
    startedAtMs: NOW_MS - 10_000,
    restarts: 0,
    restartPolicy: 'always',
    ports: [],
    anonymousVolumes: [],
    error: '',
    stack: 'shop',
    service: 'web',
    replica: 1,
    specDigest: 'v1:aa',
    ...change,
  } as OwnContainer;
}

function observed(...containers: OwnContainer[]): Observed {
  return {
    engine: {} as never,
    containers,
    strangers: [],
    unknown: [],
    foreignContainers: [],
    composeContainers: new Map(),
    networks: [],
    volumes: [],
    images: new Map(),
    tags: new Map(),
    addresses: new Map(),
    contents: new Map(),
    atMs: NOW_MS,
  };
}

const drift = (name: string) => Drift.fromPartial({ stack: 'shop', name, field: '', observed: 'missing' });
const planned = (change: Partial<StackPlan> = {}): StackPlan => {
  const nothing = { steps: [], drift: [], unknown: [], notBeforeMs: 0, refusal: undefined };
  return { stack: 'shop', desired: desired(), ...nothing, ...change };
};
const assess = (
  containers: readonly OwnContainer[],
  change: Partial<StackPlan> = {},
  facts: Partial<StackFacts> = {},
) => assessStack(planned(change), observed(...containers), { ...QUIET, ...facts });

describe('the health of a container', () => {
  const { HEALTH_STATE_HEALTHY: HEALTHY, HEALTH_STATE_PROGRESSING: PROGRESSING } = HealthState;
  const { HEALTH_STATE_DEGRADED: DEGRADED, HEALTH_STATE_SUSPENDED: SUSPENDED } = HealthState;
  const finished = { status: 'exited', restartPolicy: 'no' };
  const cases: [string, Partial<OwnContainer>, HealthState, string][] = [
    ['that has run for 10 s', {}, HEALTHY, ''],
    ['that has not', { startedAtMs: NOW_MS - 9_999 }, PROGRESSING, 'shop-web-1 has not run for 10 s yet'],
    ['that says so itself', { health: 'healthy', startedAtMs: NOW_MS }, HEALTHY, ''],
    ['that still tries', { health: 'starting' }, PROGRESSING, 'the healthcheck of shop-web-1 has not succeeded yet'],
    ['whose check fails', { health: 'unhealthy' }, DEGRADED, 'the healthcheck of shop-web-1 fails'],
    ['that did its work', finished, HEALTHY, ''],
    ['that failed at it', { ...finished, exitCode: 3 }, DEGRADED, 'shop-web-1 exited with 3'],
    ['that should not have ended', { status: 'exited' }, DEGRADED, 'shop-web-1 exited with 0'],
    ['that was made', { status: 'created' }, PROGRESSING, 'shop-web-1 is not started yet'],
    ['that cannot start', { status: 'created', error: 'no port' }, DEGRADED, 'shop-web-1 cannot start: no port'],
    ['that is paused', { status: 'paused' }, SUSPENDED, 'shop-web-1 is paused'],
    ['that restarts', { status: 'restarting' }, DEGRADED, 'shop-web-1 is restarting'],
  ];

  test.each(cases)('%s is told with the reason', (...[, change, health, reason]) => {
    expect(assess([container(change)])).toMatchObject({ health, reason, services: [{ health, reason }] });
  });
});

describe('a stack', () => {
  test('is as well as its worst container, and counts those that are ready', () => {
    const worst = container({ name: 'shop-web-2', replica: 2, health: 'unhealthy' });
    expect(assess([worst, container()], { desired: desired(3) })).toMatchObject({
      health: HealthState.HEALTH_STATE_DEGRADED,
      services: [{ desired: 3, ready: 1, containers: [{ replica: 1 }, { replica: 2 }] }],
    });
    expect(assess([container()], { desired: desired(3) })).toMatchObject({
      health: HealthState.HEALTH_STATE_MISSING,
      reason: '2 of 3 containers of web are missing',
    });
  });

  test('counts neither what is kept beside a successor, nor other stacks, nor replicas too many', () => {
    const others = [
      container({ name: 'shop-web-1-kept-0123456789ab', status: 'exited' }),
      container({ stack: 'blog', status: 'exited' }),
      container({ replica: 2, status: 'exited' }),
    ];
    expect(assess([container(), ...others])).toMatchObject({ health: HealthState.HEALTH_STATE_HEALTHY });
  });

  test('that is scaled to nothing is suspended', () => {
    expect(assess([], { desired: desired(0) }).health).toBe(HealthState.HEALTH_STATE_SUSPENDED);
  });

  const problem = { code: 'PORT_TAKEN', message: 'Cannot start', hint: '', sinceMs: 1n };
  const hold = { owner: 'ann', reason: 'backup', expiresAtMs: 0n };
  const step = { kind: 'stop-container' } as never;
  const syncs: [string, Partial<StackPlan>, Partial<StackFacts>, SyncState][] = [
    ['failed before all else', { drift: [drift('web')] }, { problem, applying: true }, SyncState.SYNC_STATE_FAILED],
    [
      'applying while steps are performed',
      { drift: [drift('web')] },
      { applying: true },
      SyncState.SYNC_STATE_APPLYING,
    ],
    ['applying while it is removed', { desired: undefined }, {}, SyncState.SYNC_STATE_APPLYING],
    [
      'drifted although it is held',
      { desired: desired(1, hold), drift: [drift('web')] },
      {},
      SyncState.SYNC_STATE_DRIFTED,
    ],
    ['held', { desired: desired(1, hold), steps: [step] }, {}, SyncState.SYNC_STATE_HELD],
    ['applying while steps wait', { steps: [step] }, {}, SyncState.SYNC_STATE_APPLYING],
    ['synced when nothing is left to do', {}, {}, SyncState.SYNC_STATE_SYNCED],
  ];

  test.each(syncs)('is %s', (...[, plan, facts, sync]) => {
    expect(assess([container()], plan, facts).sync).toBe(sync);
  });

  test('says what failed, else what drifted, else what is unwell', () => {
    const unwell = [container({ health: 'unhealthy' })];
    expect(assess(unwell, { drift: [drift('db')] }, { problem }).reason).toBe('PORT_TAKEN: Cannot start');
    expect(assess(unwell, { drift: [drift('db')] }).reason).toBe('db missing');
    expect(assess(unwell).reason).toBe('the healthcheck of shop-web-1 fails');
  });

  test('names a bounded part of its drift, and says that it is a part', () => {
    const drifts = Array.from({ length: MAX_DRIFT_PER_STACK + 1 }, (_, index) => drift(`web-${index}`));
    expect(assess([], { drift: drifts }).drift).toHaveLength(MAX_DRIFT_PER_STACK);
    expect(assess([], { drift: drifts }).driftIncomplete).toBe(true);
    expect(assess([], { drift: drifts.slice(1) }).driftIncomplete).toBe(false);
  });
});

describe('the next look', () => {
  test('is when the first container has run for long enough', () => {
    const containers = [1000, 2000, 20_000].map((age) => container({ startedAtMs: NOW_MS - age }));
    expect(nextHealthyAtMs(observed(...containers))).toBe(NOW_MS + 8000);
    expect(nextHealthyAtMs(observed(container(), container({ health: 'starting', startedAtMs: NOW_MS })))).toBe(0);
  });
});
