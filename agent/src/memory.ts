import { type Drift, HealthState, type Problem, type StackState } from '@mooring/proto';
import type { Observed } from './observe/observed.ts';
import type { Desired } from './plan/desired.ts';
import type { PlanMemory } from './plan/memory.ts';
import type { Plan } from './plan/plan.ts';

// After a failed apply; doubled each time up to the maximum, so that a registry that is down is not hammered.
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 5 * 60_000;
/** Share of a wait that is left to chance, so that hosts that failed together do not come back together. */
const JITTER = 0.5;
// A container that exits again within this time after its start is crash looping.
const CRASH_WINDOW_MS = 10_000;
const FIRST_START_DELAY_MS = 1_000;

/** Why an apply failed. */
export interface FailedApply extends Problem {
  /** Milliseconds for which it is not to be tried again. */
  readonly retryAfterMs?: number | undefined;
}

interface Failure {
  readonly bundle: string;
  readonly count: number;
  readonly problem: Problem;
  readonly notBeforeMs: number;
}

interface Starts {
  readonly specDigest: string;
  readonly count: number;
  readonly lastStartMs: number;
  readonly notBeforeMs: number;
}

/** What the reconciler remembers between looks. Lost with the process: everything here is found out again. */
export class Memory implements PlanMemory {
  readonly applied = new Map<string, string>();
  readonly #failures = new Map<string, Failure>();
  readonly #starts = new Map<string, Starts>();
  readonly #since = new Map<string, number>();
  readonly #appliedAt = new Map<string, number>();
  readonly #healthy = new Map<string, string>();
  readonly #ineffective = new Set<string>();
  #drift = new Map<string, Drift>();
  readonly #chance: () => number;
  #observedAtMs = 0;

  constructor(chance: () => number = Math.random) {
    this.#chance = chance;
  }

  notBeforeMs(stack: string, bundle: string): number {
    const failure = this.#failures.get(stack);
    return failure?.bundle === bundle ? this.#possible(failure.notBeforeMs) : 0;
  }

  startNotBeforeMs(name: string, specDigest: string): number {
    const starts = this.#starts.get(name);
    return starts?.specDigest === specDigest ? this.#possible(starts.notBeforeMs) : 0;
  }

  /** Nothing waits for longer than the longest delay: a time beyond it was reckoned before the clock was set back. */
  #possible(notBeforeMs: number): number {
    return notBeforeMs - this.#observedAtMs > MAX_RETRY_MS ? 0 : notBeforeMs;
  }

  isIneffective(container: string): boolean {
    return this.#ineffective.has(container);
  }

  noteIneffective(container: string): void {
    this.#ineffective.add(container);
  }

  /** The next time at which a crash looping container may be started; 0: none. */
  nextStartAtMs(): number {
    const times = [...this.#starts.values()].map(({ notBeforeMs }) => this.#possible(notBeforeMs));
    const due = times.filter((time) => time > this.#observedAtMs);
    return due.length === 0 ? 0 : Math.min(...due);
  }

  since(key: string, nowMs: number): number {
    const known = this.#since.get(key);
    if (known !== undefined) return known;
    // A state replaces the one before of the same stack; differences are dropped when they are gone.
    const [kind = '', stack = ''] = key.split(' ');
    if (kind === 'state')
      for (const other of this.#since.keys()) if (other.startsWith(`state ${stack} `)) this.#since.delete(other);
    this.#since.set(key, nowMs);
    return nowMs;
  }

  problem(stack: string, bundle: string): Problem | undefined {
    const failure = this.#failures.get(stack);
    return failure?.bundle === bundle ? failure.problem : undefined;
  }

  appliedAtMs(stack: string): number {
    return this.#appliedAt.get(stack) ?? 0;
  }

  lastHealthyBundle(stack: string): string {
    return this.#healthy.get(stack) ?? '';
  }

  /** An apply failed; whoever refused it may have asked for a time without another try. */
  failed(stack: string, bundle: string, { retryAfterMs = 0, ...problem }: FailedApply): void {
    this.#observedAtMs = Number(problem.sinceMs);
    const before = this.#failures.get(stack);
    const count = before?.bundle === bundle ? before.count + 1 : 1;
    const bound = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), MAX_RETRY_MS);
    const jittered = bound * (1 - JITTER * this.#chance());
    // What was asked for is spread as well, and nobody silences a host for longer than the longest delay.
    const delay = Math.min(retryAfterMs + jittered, MAX_RETRY_MS);
    const since = before?.bundle === bundle ? before.problem.sinceMs : problem.sinceMs;
    this.#failures.set(stack, {
      bundle,
      count,
      problem: { ...problem, sinceMs: since },
      notBeforeMs: Number(problem.sinceMs) + delay,
    });
  }

  succeeded(stack: string, nowMs: number): void {
    this.#failures.delete(stack);
    this.#appliedAt.set(stack, nowMs);
  }

  /** Counts starts of containers that exit again soon after. A stack whose apply was cut off was not applied, whatever is there. */
  noteRunning(desired: Desired, observed: Observed, cutOff: ReadonlySet<string>): void {
    this.#observedAtMs = observed.atMs;
    const there = [...observed.containers, ...observed.unknown];
    const names = new Set(there.map(({ name }) => name));
    for (const name of this.#starts.keys()) if (!names.has(name)) this.#starts.delete(name);
    const ids = new Set(there.map(({ id }) => id));
    for (const id of this.#ineffective) if (!ids.has(id)) this.#ineffective.delete(id);
    for (const { name, specDigest, status, startedAtMs, stoppedByHand } of observed.containers) {
      if (status !== 'exited' || startedAtMs === 0 || stoppedByHand) continue;
      const before = this.#starts.get(name);
      if (before?.specDigest === specDigest && before.lastStartMs === startedAtMs) continue;
      const ranMs = observed.atMs - startedAtMs;
      const looping = ranMs >= 0 && ranMs < CRASH_WINDOW_MS;
      const count = looping ? (before?.specDigest === specDigest ? before.count : 0) + 1 : 0;
      // Once may be a human who stopped it: only what ends again is made to wait.
      const delay = count < 2 ? 0 : Math.min(FIRST_START_DELAY_MS * 2 ** (count - 2), MAX_RETRY_MS);
      this.#starts.set(name, { specDigest, count, lastStartMs: startedAtMs, notBeforeMs: observed.atMs + delay });
    }
    // A stack that was found whole was applied, by this process or the one before.
    for (const { stack, bundleObject, bundle } of desired.stacks) {
      if (cutOff.has(stack)) continue;
      const own = observed.containers.filter((container) => container.stack === stack);
      const specs = new Set(own.map(({ specDigest }) => specDigest));
      const known = new Set(there.filter((one) => one.stack === stack).map(({ service }) => service));
      if (
        specs.size > 0 &&
        bundle.services.some(({ specDigest }) => specs.has(specDigest)) &&
        bundle.services.every(({ name }) => known.has(name))
      ) {
        if (!this.applied.has(stack)) this.applied.set(stack, bundleObject);
      }
    }
  }

  /** Nothing left to do means applied, whoever did it. */
  noteSettled(final: Plan, observed: Observed): void {
    for (const { stack, desired, steps, drift, unknown, refusal } of final.stacks) {
      if (desired === undefined) this.#forget(stack);
      else if (refusal === undefined && steps.length + drift.length + unknown.length === 0) {
        this.applied.set(stack, desired.bundleObject);
        if (this.#failures.get(stack)?.bundle === desired.bundleObject) this.succeeded(stack, observed.atMs);
      }
    }
  }

  noteHealth({ stack, bundle, health, problem }: Pick<StackState, 'stack' | 'bundle' | 'health' | 'problem'>): void {
    if (health === HealthState.HEALTH_STATE_HEALTHY && problem === undefined) this.#healthy.set(stack, bundle);
  }

  /** True the first time that a difference is seen. */
  isNewDrift(drift: Drift): boolean {
    const key = keyOf(drift);
    if (this.#drift.has(key)) return false;
    this.#drift.set(key, drift);
    return true;
  }

  /** Differences that were there and are gone; of stacks of which not everything is known, nobody can say so. */
  correctedDrift(found: readonly Drift[], notKnown: ReadonlySet<string> = new Set()): readonly Drift[] {
    const now = [...[...this.#drift.values()].filter(({ stack }) => notKnown.has(stack)), ...found];
    const still = new Map(now.map((drift) => [keyOf(drift), drift]));
    const gone = [...this.#drift].filter(([key]) => !still.has(key)).map(([, drift]) => drift);
    this.#drift = new Map([...this.#drift].filter(([key]) => still.has(key)));
    const kept = new Set(now.map((drift) => Number(drift.sinceMs)));
    for (const [key, at] of this.#since) if (!key.startsWith('state ') && !kept.has(at)) this.#since.delete(key);
    return gone;
  }

  #forget(stack: string): void {
    this.applied.delete(stack);
    this.#failures.delete(stack);
    this.#appliedAt.delete(stack);
    this.#healthy.delete(stack);
  }
}

function keyOf({ stack, object, kind, name, field, service }: Drift): string {
  return [stack, object, kind, name, field, service].join(' ');
}
