import { type HostState, type HostSummary, SyncState } from '@mooring/proto';
import type { HostView } from './host-view.ts';
import { isAhead } from './unknown-reason.ts';

/** A host for a list; ages are measured at `nowMs`. `state` is what it said last of itself. */
export function summarizeHost(view: HostView, state: HostState | undefined, nowMs: number): HostSummary {
  const { facts, sync, health, reason, sinceMs, stacks } = view;
  const { host, sighting, assignment, rendered, driftCount } = facts;
  return {
    name: host.name,
    labels: labelsOf(rendered?.labels ?? host.labels),
    online: sighting.online,
    lastSeenAgeMs: age(sighting.lastSeenMs, nowMs),
    sync,
    health,
    reason,
    sinceAgeMs: age(sinceMs, nowMs),
    stacksSynced: stacks.filter((stack) => stack.sync === SyncState.SYNC_STATE_SYNCED).length,
    stacksTotal: stacks.length,
    assignedGeneration: assignment?.generation ?? 0n,
    state,
    agentVersion: host.agentVersion,
    joinedAtMs: BigInt(host.joinedAtMs),
    problems: [...(rendered?.problems ?? [])],
    driftCount,
    certificateEndsAtMs: BigInt(host.certificateEndsAtMs),
    joinedLabels: labelsOf(host.labels),
    revoked: host.revokedAtMs !== 0,
    ahead: isAhead(facts),
  };
}

/** Milliseconds since a time of the hub's clock; -1: it never was. */
export function age(atMs: number, nowMs: number): bigint {
  return atMs === 0 ? -1n : BigInt(Math.max(0, Math.floor(nowMs - atMs)));
}

function labelsOf(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels)
    .map(([name, value]) => ({ name, value }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}
