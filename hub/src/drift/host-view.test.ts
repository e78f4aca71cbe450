import { HealthState, RenderProblem, SyncState } from '@mooring/proto';
import { expect, test } from 'vitest';
import { assignment, hostHead, stackHead, wellHost } from './host-facts.fake.ts';
import type { HostFacts } from './host-facts.ts';
import { viewHost } from './host-view.ts';

const { SYNC_STATE_APPLYING: APPLYING, SYNC_STATE_DRIFTED: DRIFTED, SYNC_STATE_FAILED: FAILED } = SyncState;
const { SYNC_STATE_OUT_OF_DATE: OUT_OF_DATE, SYNC_STATE_SYNCED: SYNCED, SYNC_STATE_UNKNOWN: UNKNOWN } = SyncState;
const { HEALTH_STATE_DEGRADED: DEGRADED, HEALTH_STATE_HEALTHY: HEALTHY, HEALTH_STATE_UNKNOWN: NOT_KNOWN } = HealthState;

const problem = RenderProblem.create({
  code: 'COMPOSE_VAR_UNDEFINED',
  message: 'No SITE.',
  host: 'web-1',
  stack: 'shop',
});
const offline = { online: false, lastSeenMs: Date.parse('2026-01-02T03:04:05.678Z'), reported: false };
const newer = assignment({ generation: 20n });
const otherBundle = assignment({ stacks: [{ stack: 'shop', commit: 'c', bundle: 'sha256:new' }] });

const TABLE: readonly (readonly [
  what: string,
  change: Partial<HostFacts>,
  sync: SyncState,
  health: HealthState,
  reason: string,
])[] = [
  ['a host that runs what was issued is synced', {}, SYNCED, HEALTHY, ''],
  ['a host that went away is unknown', { sighting: offline }, UNKNOWN, NOT_KNOWN, 'offline since 2026-01-02T03:04:05Z'],
  [
    'a host that never came is unknown',
    { sighting: { online: false, lastSeenMs: 0, reported: false } },
    UNKNOWN,
    NOT_KNOWN,
    'never connected',
  ],
  [
    'a host that is back and has not reported since is unknown',
    { sighting: { online: true, lastSeenMs: 5000, reported: false } },
    UNKNOWN,
    NOT_KNOWN,
    'connected and not reported yet',
  ],
  [
    'a revoked host is unknown',
    { host: { ...wellHost().host, revokedAtMs: 5 } },
    UNKNOWN,
    NOT_KNOWN,
    'its identity was revoked',
  ],
  [
    'a host ahead of the hub is unknown',
    { head: hostHead({ acceptedGeneration: 11n }) },
    UNKNOWN,
    NOT_KNOWN,
    'ahead of this hub, by generation 11: the next commit takes it over, or mooring approve --take-over',
  ],
  [
    'a host with other content under the newest generation is unknown',
    { highWater: 11n },
    UNKNOWN,
    NOT_KNOWN,
    'ahead of this hub, by generation 10: the next commit takes it over, or mooring approve --take-over',
  ],
  [
    'a host that was not heard since a restore, and reports what it was given, is known',
    { highWater: -1n },
    SYNCED,
    HEALTHY,
    '',
  ],
  [
    'a host whose engine is away is unknown',
    { head: hostHead({ problem: 'ENGINE_UNREACHABLE: Cannot reach the engine' }) },
    UNKNOWN,
    NOT_KNOWN,
    'ENGINE_UNREACHABLE: Cannot reach the engine',
  ],
  [
    'a host that has not accepted the newest generation is out of date',
    { assignment: newer },
    OUT_OF_DATE,
    HEALTHY,
    'waits for generation 20',
  ],
  [
    'a refusal is the reason to be out of date',
    { assignment: newer, head: hostHead({ refusal: 'ASSIGNMENT_SIGNATURE: Bad' }) },
    OUT_OF_DATE,
    HEALTHY,
    'ASSIGNMENT_SIGNATURE: Bad',
  ],
  [
    'a refusal while the newest is accepted is shown and changes nothing',
    { head: hostHead({ refusal: 'ASSIGNMENT_ROLLBACK: Old' }) },
    SYNCED,
    HEALTHY,
    'ASSIGNMENT_ROLLBACK: Old',
  ],
  [
    'drift of an older generation stays drift',
    { assignment: newer, stacks: [stackHead({ sync: DRIFTED, reason: 'web is stopped' })] },
    DRIFTED,
    HEALTHY,
    'shop: web is stopped',
  ],
  [
    'a host that applies the newest generation is applying',
    { assignment: newer, stacks: [stackHead({ sync: APPLYING, generation: 20n, reason: 'pulling' })] },
    APPLYING,
    HEALTHY,
    'shop: pulling',
  ],
  [
    'a host that applies an older generation is out of date',
    { assignment: newer, stacks: [stackHead({ sync: APPLYING })] },
    OUT_OF_DATE,
    HEALTHY,
    'waits for generation 20',
  ],
  [
    'a host that failed on the newest generation has failed',
    { assignment: newer, stacks: [stackHead({ sync: FAILED, generation: 20n, reason: 'IMAGE_NOT_FOUND: No image' })] },
    FAILED,
    HEALTHY,
    'shop: IMAGE_NOT_FOUND: No image',
  ],
  [
    'a stack that speaks of another release is out of date',
    { assignment: otherBundle },
    OUT_OF_DATE,
    HEALTHY,
    'shop: waits for generation 10',
  ],
  ['a stack that was not reported is unknown', { stacks: [] }, UNKNOWN, NOT_KNOWN, 'shop: not reported yet'],
  [
    'a stack that is to go and still there is out of date',
    { assignment: assignment({ stacks: [] }) },
    OUT_OF_DATE,
    HEALTHY,
    'shop: waits to be removed',
  ],
  [
    'a stack that does not render for the host has failed',
    { rendered: { labels: {}, problems: [problem] } },
    FAILED,
    HEALTHY,
    'COMPOSE_VAR_UNDEFINED: No SITE.',
  ],
  [
    'a host away with a render problem is still unknown',
    { sighting: offline, rendered: { labels: {}, problems: [problem] } },
    UNKNOWN,
    NOT_KNOWN,
    'offline since 2026-01-02T03:04:05Z',
  ],
  [
    'a sick stack is the reason of a synced host',
    { stacks: [stackHead({ health: DEGRADED, reason: 'web: unhealthy' })] },
    SYNCED,
    DEGRADED,
    'shop: web: unhealthy',
  ],
  [
    'a host that no stack selects is synced',
    { assignment: undefined, stacks: [], head: hostHead({ acceptedGeneration: 0n }) },
    SYNCED,
    HEALTHY,
    'no stack selects it',
  ],
  [
    'a host that nothing was rendered for is unknown',
    { assignment: undefined, stacks: [], rendered: undefined, head: hostHead({ acceptedGeneration: 0n }) },
    UNKNOWN,
    NOT_KNOWN,
    'no revision was rendered for it yet',
  ],
];

test.each(TABLE)('%s', (...[, change, sync, health, reason]) => {
  const view = viewHost(wellHost(change));
  expect({ sync: view.sync, health: view.health, reason: view.reason }).toEqual({ sync, health, reason });
});

test('an offline host makes each of its stacks unknown, since it was last seen', () => {
  const view = viewHost(wellHost({ sighting: offline }));
  expect(view.sinceMs).toBe(offline.lastSeenMs);
  expect(view.stacks).toMatchObject([{ stack: 'shop', sync: UNKNOWN, health: NOT_KNOWN, sinceMs: offline.lastSeenMs }]);
});

test('trouble counts from the first stack that has it, peace from the last that found it', () => {
  const stacks = ['blog', 'shop'].map((stack, index) => stackHead({ stack, sinceMs: 100 + index }));
  const both = assignment({ stacks: stacks.map(({ stack, bundle }) => ({ stack, bundle, commit: 'c' })) });
  const since = (sync: SyncState) =>
    viewHost(wellHost({ assignment: both, stacks: stacks.map((head) => ({ ...head, sync })) })).sinceMs;
  expect([since(SYNCED), since(DRIFTED)]).toEqual([101, 100]);
});
