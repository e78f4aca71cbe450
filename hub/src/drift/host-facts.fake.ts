import { HealthState, SyncState } from '@mooring/proto';
import type { AssignmentHead, HostHead, StackHead } from '../store/store.ts';
import { hostRecord } from '../store/temporary-store.fake.ts';
import type { HostFacts } from './host-facts.ts';

/** A host that runs generation 10 of one stack and is well. */
export function wellHost(change: Partial<HostFacts> = {}): HostFacts {
  return {
    host: hostRecord('web-1', 100),
    sighting: { online: true, lastSeenMs: 5000, reported: true },
    assignment: assignment(),
    highWater: 10n,
    head: hostHead(),
    stacks: [stackHead()],
    rendered: { labels: { role: 'web' }, problems: [] },
    driftCount: 0,
    ...change,
  };
}

export function assignment(change: Partial<AssignmentHead> = {}): AssignmentHead {
  const stacks = [{ stack: 'shop', commit: 'c0ffee', bundle: 'sha256:shop' }];
  return { host: 'web-1', generation: 10n, digest: 'sha256:a', revision: 1, issuedAtMs: 900, stacks, ...change };
}

export function hostHead(change: Partial<HostHead> = {}): HostHead {
  const generations = { acceptedGeneration: 10n, appliedGeneration: 10n };
  return { host: 'web-1', ...generations, refusal: '', problem: '', reportedAtMs: 1000, ...change };
}

export function stackHead(change: Partial<StackHead> = {}): StackHead {
  return {
    host: 'web-1',
    stack: 'shop',
    commit: 'c0ffee',
    bundle: 'sha256:shop',
    generation: 10n,
    sync: SyncState.SYNC_STATE_SYNCED,
    health: HealthState.HEALTH_STATE_HEALTHY,
    reason: '',
    appliedAtMs: 950,
    lastHealthyBundle: 'sha256:shop',
    reportedAtMs: 1000,
    sinceMs: 990,
    ...change,
  };
}
