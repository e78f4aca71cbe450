import { HealthState, SyncState } from '@mooring/proto';
import type { HostFacts } from './host-facts.ts';
import type { HostView } from './host-view.ts';

/** How far a revision has come over the hosts that must run it. */
export interface RevisionProgress {
  readonly total: number;
  readonly done: number;
  /** Sorted. */
  readonly failed: readonly string[];
  /** Sorted. */
  readonly waiting: readonly string[];
}

/**
 * A host is done when it is there, applied a generation that satisfies the revision, and is synced and healthy. `generations` tells which
 * generation does, for each host that must run it; `hosts` are sorted by name. A revoked host is nobody's. While the revision is
 * the newest, a host that joined and was not rendered for yet is waited for: nobody knows yet that it need not run it.
 */
export function revisionProgress(
  hosts: readonly HostView[],
  generations: ReadonlyMap<string, bigint>,
  { isNewest }: { readonly isNewest: boolean },
): RevisionProgress {
  const targets = hosts.filter(
    ({ facts }) =>
      facts.host.revokedAtMs === 0 && (generations.has(facts.host.name) || (isNewest && isUndecided(facts))),
  );
  const failed: string[] = [];
  const waiting: string[] = [];
  for (const view of targets) {
    const { name } = view.facts.host;
    if (isDone(view, generations.get(name))) continue;
    if (view.sync === SyncState.SYNC_STATE_FAILED) failed.push(name);
    else waiting.push(name);
  }
  return { total: targets.length, done: targets.length - failed.length - waiting.length, failed, waiting };
}

function isUndecided({ assignment, rendered }: HostFacts): boolean {
  return assignment === undefined && rendered === undefined;
}

function isDone(view: HostView, generation: bigint | undefined): boolean {
  const applied = view.facts.head?.appliedGeneration ?? 0n;
  return (
    generation !== undefined &&
    applied >= generation &&
    view.facts.sighting.online &&
    view.sync === SyncState.SYNC_STATE_SYNCED &&
    view.health === HealthState.HEALTH_STATE_HEALTHY
  );
}
