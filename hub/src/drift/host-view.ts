import { HealthState, SyncState } from '@mooring/proto';
import type { HostFacts } from './host-facts.ts';
import { type StackPair, type StackView, type Unknown, viewStack } from './stack-view.ts';
import { unknownReason } from './unknown-reason.ts';
import { worseSync, worstHealth, worstSync } from './worst.ts';

/** One host as the fleet sees it: the worst of its stacks and of itself. */
export interface HostView {
  readonly facts: HostFacts;
  readonly sync: SyncState;
  readonly health: HealthState;
  /** One sentence; empty when all is well. */
  readonly reason: string;
  /** Since when, by the hub's clock. */
  readonly sinceMs: number;
  /** Sorted by stack. */
  readonly stacks: readonly StackView[];
}

/** Judges a host and each of its stacks. */
export function viewHost(facts: HostFacts): HostView {
  const unknown = unknownReason(facts);
  const stacks = pairs(facts).map((pair) => viewStack(facts, pair, unknown));
  if (unknown !== undefined) return { facts, stacks, ...nobodyKnows(unknown) };
  return { facts, stacks, ...judge(facts, stacks) };
}

function judge(facts: HostFacts, stacks: readonly StackView[]): Omit<HostView, 'facts' | 'stacks'> {
  const own = ownState(facts, stacks);
  const sync = stacks.length === 0 ? own.sync : worseSync(own.sync, worstSync(stacks.map((stack) => stack.sync)));
  const health =
    stacks.length === 0 ? HealthState.HEALTH_STATE_HEALTHY : worstHealth(stacks.map((stack) => stack.health));
  const knownHealth =
    sync === SyncState.SYNC_STATE_UNKNOWN && stacks.length === 0 ? HealthState.HEALTH_STATE_UNKNOWN : health;
  return { sync, health: knownHealth, reason: reasonOf(own, sync, stacks), sinceMs: sinceOf(facts, sync, stacks) };
}

interface OwnState {
  readonly sync: SyncState;
  readonly reason: string;
}

/** What is wrong with the host beside its stacks. */
function ownState({ rendered, head, assignment }: HostFacts, stacks: readonly StackView[]): OwnState {
  const problem = rendered?.problems[0];
  if (problem !== undefined) {
    return { sync: SyncState.SYNC_STATE_FAILED, reason: `${problem.code}: ${problem.message}` };
  }
  if (assignment === undefined) {
    return rendered === undefined
      ? { sync: SyncState.SYNC_STATE_UNKNOWN, reason: 'no revision was rendered for it yet' }
      : { sync: SyncState.SYNC_STATE_SYNCED, reason: 'no stack selects it' };
  }
  const refusal = head?.refusal ?? '';
  const { generation } = assignment;
  const isBehind = (head?.acceptedGeneration ?? 0n) < generation;
  const isBrought = stacks.some((stack) => (stack.head?.generation ?? 0n) >= generation);
  if (isBehind && !isBrought) {
    const reason = refusal === '' ? `waits for generation ${generation}` : refusal;
    return { sync: SyncState.SYNC_STATE_OUT_OF_DATE, reason };
  }
  return { sync: SyncState.SYNC_STATE_SYNCED, reason: head?.problem === '' ? refusal : (head?.problem ?? refusal) };
}

function reasonOf(own: OwnState, sync: SyncState, stacks: readonly StackView[]): string {
  const isWell = sync === SyncState.SYNC_STATE_SYNCED;
  const sick = stacks.find((stack) =>
    isWell ? stack.health !== HealthState.HEALTH_STATE_HEALTHY : stack.sync === sync,
  );
  if (own.reason !== '' && (own.sync === sync || sick === undefined)) return own.reason;
  return sick === undefined || sick.reason === '' ? '' : `${sick.stack}: ${sick.reason}`;
}

/** Trouble counts from the first stack that has it, peace from the last that found it. */
function sinceOf({ host, head }: HostFacts, sync: SyncState, stacks: readonly StackView[]): number {
  const times = stacks.filter((stack) => stack.sync === sync).map(({ sinceMs }) => sinceMs);
  if (times.length === 0) return head?.reportedAtMs ?? host.joinedAtMs;
  return sync === SyncState.SYNC_STATE_SYNCED ? Math.max(...times) : Math.min(...times);
}

function nobodyKnows({ reason, sinceMs }: Unknown): Omit<HostView, 'facts' | 'stacks'> {
  return { sync: SyncState.SYNC_STATE_UNKNOWN, health: HealthState.HEALTH_STATE_UNKNOWN, reason, sinceMs };
}

/** Assigned and reported stacks, each once, sorted. */
function pairs({ assignment, stacks }: HostFacts): StackPair[] {
  const heads = new Map(stacks.map((head) => [head.stack, head]));
  const assigned = new Map(assignment?.stacks.map((stack) => [stack.stack, stack]));
  return [...new Set([...assigned.keys(), ...heads.keys()])]
    .sort()
    .map((stack) => ({ stack, head: heads.get(stack), assigned: assigned.get(stack) }));
}
