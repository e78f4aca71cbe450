import { MooringError, type Problem } from '@mooring/proto';
import { Backoff, pause } from './backoff.ts';
import type { Log } from './log.ts';
import type { Desired } from './plan/desired.ts';
import type { Assessment } from './reconciler.ts';
import { MACHINE_TIMERS, type Timers } from './timers.ts';

/** After an engine that does not answer: soon at first, so that a restarted one is found, then about twice a minute. */
const ENGINE_RETRY = { firstMs: 1_000, maxMs: 15_000 };
// The first event is looked at once. Events come in bursts: one look serves those that follow so soon.
const COALESCE_MS = 50;

/** What the loop relies on. */
export interface LoopParts {
  /** What to bring about; undefined: nothing was ever accepted. */
  readonly desired: () => Desired | undefined;
  /** One pass; throws ENGINE_* where the engine does not answer. */
  readonly reconcile: (
    desired: Desired,
    options: { signal: AbortSignal; progress: (assessment: Assessment) => void },
  ) => Promise<Assessment>;
  /** `generation` is what the pass was about. */
  readonly onAssessment: (assessment: Assessment, generation: bigint) => void;
  /** The engine cannot be asked, or can again (undefined). */
  readonly onEngineProblem: (problem: Problem | undefined) => void;
  /** Milliseconds between full looks when nothing happens. */
  readonly auditMs: number;
  readonly log: Log;
  readonly nowMs: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/** Observe, plan, apply, observe, report: at its own pace, woken by assignments, events and time; never inside an event handler. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #stop = new AbortController();
  readonly #timers: Timers;
  readonly #backoff: Backoff;
  readonly #run: Promise<void>;
  #pass = new AbortController();
  #sleep = new AbortController();
  #woken = true;
  /** Aborted by a newer assignment: it waits for no burst of events to end. */
  #coalesce = new AbortController();

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? MACHINE_TIMERS;
    this.#backoff = new Backoff(ENGINE_RETRY, this.#timers.chance);
    this.#run = this.#forever();
  }

  /** Something changed on the engine: look soon. */
  wake(): void {
    this.#woken = true;
    this.#sleep.abort();
  }

  /** A newer assignment was accepted: what is being applied stops at its next boundary. */
  supersede(): void {
    this.#pass.abort();
    this.wake();
    this.#coalesce.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#pass.abort();
    this.#sleep.abort();
    await this.#run;
  }

  async #forever(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#woken = false;
      this.#coalesce = new AbortController();
      const waitMs = await this.#once();
      await this.#rest(waitMs, this.#timers.monotonicMs());
    }
  }

  /** One pass. Returns the milliseconds until the next one, if nothing happens before. */
  async #once(): Promise<number> {
    const { desired, reconcile, onAssessment, onEngineProblem, auditMs, log, nowMs } = this.#parts;
    const beganMs = this.#timers.monotonicMs();
    const wanted = desired() ?? { fleetId: '', generation: 0n, stacks: [], removals: [] };
    this.#pass = new AbortController();
    try {
      const assessment = await reconcile(wanted, {
        signal: this.#pass.signal,
        progress: (assessment) => onAssessment(assessment, wanted.generation),
      });
      this.#backoff.reset();
      onEngineProblem(undefined);
      onAssessment(assessment, wanted.generation);
      log.debug({ tookMs: this.#timers.monotonicMs() - beganMs, settled: assessment.settled }, 'reconciled');
      return assessment.wakeAtMs === 0 ? auditMs : Math.min(Math.max(assessment.wakeAtMs - nowMs(), 0), auditMs);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): number {
    const { log, onEngineProblem, nowMs } = this.#parts;
    const code = error instanceof MooringError ? error.code : 'INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof MooringError ? (error.hint ?? '') : '';
    if (!this.#stop.signal.aborted) log.warn({ code, reason: message }, 'the engine could not be reconciled');
    onEngineProblem({ code, message, hint, sinceMs: BigInt(nowMs()) });
    return this.#backoff.next();
  }

  async #rest(waitMs: number, lookedAtMs: number): Promise<void> {
    this.#sleep = new AbortController();
    if (!this.#woken) await pause(waitMs, AbortSignal.any([this.#sleep.signal, this.#stop.signal]), this.#timers);
    const sinceMs = this.#timers.monotonicMs() - lookedAtMs;
    if (!this.#woken || sinceMs >= COALESCE_MS) return;
    await pause(COALESCE_MS - sinceMs, AbortSignal.any([this.#coalesce.signal, this.#stop.signal]), this.#timers);
  }
}
