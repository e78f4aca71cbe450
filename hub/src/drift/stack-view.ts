import { HealthState, SyncState } from '@mooring/proto';
import type { AssignedStack, StackHead } from '../store/store.ts';
import type { HostFacts } from './host-facts.ts';
import { worseSync } from './worst.ts';

/** A stack that is assigned to a host, reported by it, or both. */
export interface StackPair {
  readonly stack: string;
  /** What the host said last; undefined: nothing. */
  readonly head: StackHead | undefined;
  /** What the hub issued last; undefined: the stack is to go. */
  readonly assigned: AssignedStack | undefined;
}

/** One stack on one host as the fleet sees it: never better than what is known. */
export interface StackView extends StackPair {
  readonly host: string;
  readonly sync: SyncState;
  readonly health: HealthState;
  /** One sentence; empty when all is well. */
  readonly reason: string;
  /** Since when, by the hub's clock. */
  readonly sinceMs: number;
}

/** Why nobody can speak for a host. */
export interface Unknown {
  readonly reason: string;
  readonly sinceMs: number;
}

type Verdict = Pick<StackView, 'sync' | 'health' | 'reason' | 'sinceMs'>;

/** Judges one stack of a host. */
export function viewStack(facts: HostFacts, pair: StackPair, unknown: Unknown | undefined): StackView {
  const verdict = unknown === undefined ? judge(facts, pair) : nobodyKnows(unknown);
  return { host: facts.host.name, ...pair, ...verdict };
}

function judge(facts: HostFacts, { stack, head, assigned }: StackPair): Verdict {
  const problem = facts.rendered?.problems.find((candidate) => candidate.stack === stack);
  if (problem !== undefined) {
    return {
      sync: SyncState.SYNC_STATE_FAILED,
      health: head?.health ?? HealthState.HEALTH_STATE_UNKNOWN,
      reason: `${problem.code}: ${problem.message}`,
      sinceMs: head?.sinceMs ?? facts.host.joinedAtMs,
    };
  }
  if (head === undefined) {
    return nobodyKnows({ reason: 'not reported yet', sinceMs: facts.assignment?.issuedAtMs ?? facts.host.joinedAtMs });
  }
  const { sync, health, reason, sinceMs } = head;
  if (isCurrent(facts, head, assigned) || isBeingBrought(facts, head)) return { sync, health, reason, sinceMs };
  const late = worseSync(sync, SyncState.SYNC_STATE_OUT_OF_DATE);
  return { sync: late, health, reason: reason === '' || late !== sync ? waitsFor(facts, assigned) : reason, sinceMs };
}

function nobodyKnows({ reason, sinceMs }: Unknown): Verdict {
  return { sync: SyncState.SYNC_STATE_UNKNOWN, health: HealthState.HEALTH_STATE_UNKNOWN, reason, sinceMs };
}

/** The host switched to the newest assignment, and speaks of the release in it. */
function isCurrent(facts: HostFacts, head: StackHead, assigned: AssignedStack | undefined): boolean {
  const accepted = facts.head?.acceptedGeneration ?? 0n;
  return assigned !== undefined && accepted >= (facts.assignment?.generation ?? 0n) && head.bundle === assigned.bundle;
}

/** What it says of the newest generation holds before it speaks of itself again. */
function isBeingBrought({ assignment }: HostFacts, head: StackHead): boolean {
  const busy = head.sync === SyncState.SYNC_STATE_APPLYING || head.sync === SyncState.SYNC_STATE_FAILED;
  return busy && head.generation >= (assignment?.generation ?? 0n);
}

function waitsFor({ head, assignment }: HostFacts, assigned: AssignedStack | undefined): string {
  if (head !== undefined && head.refusal !== '') return head.refusal;
  if (assigned === undefined) return 'waits to be removed';
  return `waits for generation ${assignment?.generation ?? 0n}`;
}
