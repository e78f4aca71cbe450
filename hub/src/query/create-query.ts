import type { FleetServiceService, GetHubResponse, GetStatusResponse } from '@mooring/proto';
import type { Handlers } from '../grpc/handlers.ts';
import { MACHINE_TIMERS } from '../timers.ts';
import { getBundle } from './bundles.ts';
import { diffRevisions } from './diff.ts';
import { listDrift } from './drift-listing.ts';
import { listEvents, watchEvents } from './events.ts';
import { explainService } from './explain.ts';
import { getHost, listHosts } from './hosts.ts';
import type { QueryParts } from './parts.ts';
import { planFleet } from './plan.ts';
import { listRevisions } from './revisions.ts';
import { type Snapshot, Snapshots } from './snapshots.ts';
import { listStacks } from './stacks.ts';
import { buildStatus } from './status.ts';
import { watchRevision } from './watch-revision.ts';
import { watchStatus } from './watch-status.ts';

/** Answers every question about the fleet from the store, presence and the view; what changes there wakes the watchers. */
export function createQuery(parts: QueryParts): Handlers<typeof FleetServiceService> {
  const { store, presence, changes } = parts;
  store.subscribe((touched) => changes.notify(touched));
  presence.subscribe((host) => changes.notify(new Set([host])));
  const snapshots = new Snapshots(parts);
  const look = statusOf(parts, snapshots);
  return {
    getStatus: async () => look().status,
    watchStatus: (_request, { signal }) => watchStatus(changes, look, signal),
    listHosts: async (request) => listHosts(parts, snapshots.take(), request),
    getHost: async ({ name }) => getHost(parts, snapshots.take(), name),
    listStacks: async (request) => listStacks(snapshots.take(), request),
    listDrift: async (request) => listDrift(parts, snapshots.take(), request),
    listRevisions: async (request) => listRevisions(parts, request),
    watchRevision: ({ revision }, { signal }) => watchRevision({ parts, snapshots }, revision, signal),
    listEvents: async (request) => listEvents(parts, request),
    watchEvents: (request, { signal }) => watchEvents(parts, request, signal),
    getBundle: async ({ digest }) => getBundle(parts, digest),
    getHub: async () => getHub(parts),
    plan: (requests, { signal }) => planFleet(parts, requests, signal),
    explain: (request) => explainService(parts, request),
    diff: (request) => diffRevisions(parts, request),
  };
}

/** Milliseconds that one status serves every caller while nothing changed: its ages are no older. */
const STATUS_REUSE_MS = 500;

interface Look {
  readonly status: GetStatusResponse;
  /** The last change that it knows of. */
  readonly version: number;
}

function statusOf(parts: QueryParts, snapshots: Snapshots): () => Look {
  let newest: (Look & { readonly of: Snapshot; readonly atMs: number }) | undefined;
  return () => {
    const of = snapshots.take();
    const atMs = (parts.timers ?? MACHINE_TIMERS).monotonicMs();
    const isFresh =
      newest?.of === of && newest.version === parts.changes.version && atMs - newest.atMs < STATUS_REUSE_MS;
    if (newest === undefined || !isFresh) newest = { of, atMs, version: of.version, status: buildStatus(parts, of) };
    return newest;
  };
}

function getHub({ version, fleet, startedAtMs, clock, view }: QueryParts): GetHubResponse {
  const { checks, counters } = view();
  return {
    version,
    fleetId: fleet.id,
    fleetName: fleet.name,
    startedAtMs: BigInt(startedAtMs),
    nowMs: BigInt(Math.floor(clock())),
    checks: [...checks],
    counters: Object.entries(counters)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => ({ name, value: BigInt(value) })),
  };
}
