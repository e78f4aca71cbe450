import type { GetStatusResponse, HostSummary } from '@mooring/proto';
import { age, summarizeHost } from '../drift/host-summary.ts';
import type { HostView } from '../drift/host-view.ts';
import { worstFirst } from '../drift/order.ts';
import { summarizeStack } from '../drift/stack-summary.ts';
import { sum } from '../drift/sum.ts';
import type { QueryParts } from './parts.ts';
import { toRevision } from './revisions.ts';
import type { Snapshot } from './snapshots.ts';

/** Hosts of a status; the rest is in lists. */
const MAX_HOSTS = 100;
/** Stacks of a status. */
const MAX_STACKS = 200;
/** Hosts that are not well, named under each stack of a status. */
const MAX_HOSTS_OF_STACK = 10;

/** The fleet in one page: sums over everything, and the worst first of what is listed. */
export function buildStatus(parts: QueryParts, snapshot: Snapshot): GetStatusResponse {
  const { store, fleet, clock } = parts;
  const view = parts.view();
  const nowMs = clock();
  const accepted = store.acceptedRevision();
  const newest = store.newestRevision();
  const stacks = worstFirst(
    snapshot.stacks.map((spread) => summarizeStack(spread, MAX_HOSTS_OF_STACK)),
    (stack) => stack.sum ?? sum([]),
    ({ name }) => name,
  );
  const hosts = worstFirst(
    snapshot.hosts,
    (host) => host,
    ({ facts }) => facts.host.name,
  );
  return {
    fleetId: fleet.id,
    fleetName: fleet.name,
    accepted: accepted && toRevision(accepted),
    refused: newest === undefined || newest.sequence === accepted?.sequence ? undefined : toRevision(newest),
    hosts: sum(snapshot.active.map(({ sync, health, facts }) => ({ sync, health, online: facts.sighting.online }))),
    stacks: stacks.slice(0, MAX_STACKS),
    hostSummaries: hosts.slice(0, MAX_HOSTS).map((host) => summarize(parts, host)),
    incomplete: hosts.length > MAX_HOSTS || stacks.length > MAX_STACKS,
    problems: [...view.problems],
    source: view.source,
    branch: view.branch,
    sourceAgeMs: age(view.sourceAskedAtMs, nowMs),
  };
}

/** A host with what it said last of itself. */
export function summarize({ store, clock }: QueryParts, host: HostView): HostSummary {
  return summarizeHost(host, store.hostState(host.facts.host.name)?.state, clock());
}
