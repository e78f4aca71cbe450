import { HostState, type Problem, type StackState, SyncState } from '@mooring/proto';
import type { Receiver } from './receive/receiver.ts';
import type { Assessment } from './reconciler.ts';
import type { Snapshot } from './report/report-delta.ts';

/** How this host stands: what was observed last, beside what was accepted and refused. */
export class Standing {
  #assessment: Assessment | undefined;
  #appliedGeneration = 0n;
  #engineProblem: Problem | undefined;
  readonly #removed = new Set<string>();

  /** A look, or a whole pass. `generation` is what it was about. */
  saw(assessment: Assessment, generation: bigint): void {
    this.#assessment = assessment;
    if (assessment.settled) this.#appliedGeneration = generation;
    for (const stack of assessment.removedStacks) this.#removed.add(stack);
  }

  engineProblem(problem: Problem | undefined): void {
    // Since when is what the first failure said.
    const sinceMs = this.#engineProblem?.sinceMs ?? problem?.sinceMs ?? 0n;
    this.#engineProblem = problem === undefined ? undefined : { ...problem, sinceMs };
  }

  /** Everything to report; undefined: nothing is known yet. */
  snapshot(receiver: Pick<Receiver, 'workload' | 'refusal'>, diskProblem: Problem | undefined): Snapshot | undefined {
    const assessment = this.#assessment;
    const problem = this.#engineProblem ?? diskProblem;
    if (assessment === undefined && problem === undefined) return undefined;
    const workload = receiver.workload;
    const wanted = new Set(workload?.assignment.removals.map(({ stack }) => stack));
    for (const stack of this.#removed) if (!wanted.has(stack)) this.#removed.delete(stack);
    const host = HostState.fromPartial({
      engine: assessment?.engine,
      acceptedGeneration: workload?.assignment.generation ?? 0n,
      acceptedDigest: workload?.digest ?? '',
      appliedGeneration: this.#appliedGeneration,
      unmanagedCount: assessment?.unmanagedCount ?? 0,
      unmanaged: [...(assessment?.unmanaged ?? [])],
      observedAtMs: BigInt(assessment?.observedAtMs ?? 0),
      removedStacks: [...this.#removed].sort(),
    });
    if (receiver.refusal !== undefined) host.refusal = receiver.refusal;
    if (problem !== undefined) host.problem = problem;
    return { host, stacks: this.#stacks(receiver.workload) };
  }

  /** What is observed, and beside it stacks whose release is refused, and those that nobody asked for. */
  #stacks(workload: Receiver['workload']): readonly StackState[] {
    const observed = new Map((this.#assessment?.stacks ?? []).map((state) => [state.stack, state]));
    for (const { assigned, refusal } of workload?.stacks ?? []) {
      if (refusal === undefined) continue;
      const before = observed.get(assigned.stack);
      const problem = {
        code: refusal.code,
        message: refusal.message,
        hint: refusal.hint ?? '',
        sinceMs: before?.sinceMs ?? 0n,
      };
      observed.set(assigned.stack, {
        ...(before ?? emptyState(assigned.stack)),
        sync: SyncState.SYNC_STATE_FAILED,
        reason: `${refusal.code}: ${refusal.message}`,
        problem,
      });
    }
    for (const stray of this.#strays(workload)) observed.set(stray.stack, stray);
    return [...observed.values()].sort((a, b) => (a.stack < b.stack ? -1 : 1));
  }

  /** Without an assignment nobody has said yet what shall run, and what is refused was asked for. */
  #strays(workload: Receiver['workload']): readonly StackState[] {
    if (workload === undefined) return [];
    const { stacks, removals } = workload.assignment;
    const asked = new Set([...stacks, ...removals].map(({ stack }) => stack));
    return (this.#assessment?.strays ?? []).filter(({ stack }) => !asked.has(stack));
  }
}

function emptyState(stack: string): StackState {
  return {
    stack,
    host: '',
    commit: '',
    bundle: '',
    generation: 0n,
    sync: SyncState.SYNC_STATE_FAILED,
    health: 3,
    reason: '',
    sinceMs: 0n,
    services: [],
    drift: [],
    driftIncomplete: false,
    appliedAtMs: 0n,
    lastHealthyBundle: '',
  };
}
