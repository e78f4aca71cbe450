import { type ListDriftRequest, type ListDriftResponse, SyncState } from '@mooring/proto';
import { age } from '../drift/host-summary.ts';
import type { HostView } from '../drift/host-view.ts';
import { unknownReason } from '../drift/unknown-reason.ts';
import { findHost } from './hosts.ts';
import { numberPosition, pageSize, pageToken } from './paging.ts';
import type { QueryParts } from './parts.ts';
import type { Snapshot } from './snapshots.ts';

/** Differences, with the hosts that nobody can speak for now: what is listed of those is what they said last. */
export function listDrift(parts: QueryParts, snapshot: Snapshot, request: ListDriftRequest): ListDriftResponse {
  const { store, clock } = parts;
  const filter = { host: request.host || undefined, stack: request.stack || undefined };
  const hosts = filter.host === undefined ? snapshot.active : [findHost(snapshot, filter.host)];
  const limit = pageSize(request.pageSize);
  const offset = numberPosition('drift', request.pageToken) ?? 0;
  const { rows, total } = store.drift({ ...filter, limit, offset });
  const counts = store.driftCounts(filter);
  const concerned = hosts.filter((host) => isConcerned(host, filter.stack));
  const unknown = concerned.filter((host) => isUnknown(host, filter.stack));
  const nowMs = clock();
  return {
    drift: [...rows],
    nextPageToken:
      offset + rows.length < total && rows.length > 0 ? pageToken('drift', String(offset + rows.length)) : '',
    unknownHosts: unknown.map(({ facts }) => ({
      name: facts.host.name,
      lastSeenAgeMs: age(facts.sighting.lastSeenMs, nowMs),
    })),
    total,
    cleanHosts: concerned.filter((host) => !isUnknown(host, filter.stack) && !counts.has(host.facts.host.name)).length,
  };
}

function isConcerned({ stacks }: HostView, stack: string | undefined): boolean {
  return stack === undefined || stacks.some((view) => view.stack === stack);
}

function isUnknown({ facts, stacks, sync }: HostView, stack: string | undefined): boolean {
  // A host is as bad as its worst: one that is better has nothing that is unknown.
  if (sync > SyncState.SYNC_STATE_UNKNOWN) return false;
  return (
    unknownReason(facts) !== undefined ||
    stacks.some((view) => (stack === undefined || view.stack === stack) && view.sync === SyncState.SYNC_STATE_UNKNOWN)
  );
}
