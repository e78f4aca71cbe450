import type { HostFacts } from './host-facts.ts';

/** Why nobody can speak for the host now, and since when; undefined: what it reported holds. */
export function unknownReason(facts: HostFacts): { readonly reason: string; readonly sinceMs: number } | undefined {
  const { host, sighting, head, assignment } = facts;
  const sinceMs = sighting.lastSeenMs === 0 ? host.joinedAtMs : sighting.lastSeenMs;
  if (host.revokedAtMs !== 0) return { reason: 'its identity was revoked', sinceMs: host.revokedAtMs };
  if (!sighting.online) {
    const reason = sighting.lastSeenMs === 0 ? 'never connected' : `offline since ${formatTime(sighting.lastSeenMs)}`;
    return { reason, sinceMs };
  }
  if (!sighting.reported || head === undefined) return { reason: 'connected and not reported yet', sinceMs };
  if (isAhead(facts)) {
    const reason =
      assignment === undefined
        ? `runs generation ${head.acceptedGeneration} of another hub, and no stack selects it here`
        : `ahead of this hub, by generation ${head.acceptedGeneration}: the next commit takes it over, or mooring approve --take-over`;
    return { reason, sinceMs: head.reportedAtMs };
  }
  // Without the engine the agent sees nothing: what it said of its stacks is from before.
  if (head.problem.startsWith('ENGINE_')) return { reason: head.problem, sinceMs: head.reportedAtMs };
  return undefined;
}

/** True for a host that has accepted what this hub does not know, be it under a generation of its own: the hub was restored from before that. */
export function isAhead({ head, assignment, highWater }: HostFacts): boolean {
  if (head === undefined) return false;
  return assignment === undefined
    ? head.acceptedGeneration > 0n
    : maxOf(head.acceptedGeneration, highWater) > assignment.generation;
}

function maxOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

/** Seconds are enough for people. */
function formatTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`;
}
