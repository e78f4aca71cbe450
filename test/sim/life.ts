import type { Timers } from '@mooring/agent/fakes';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** The power went: nothing after this call happens. */
export class PowerCut extends Error {
  constructor() {
    super('the power is gone');
  }
}

/** One run of a program, from its start to its end or the moment when it is cut off. What it waits for after that never comes. */
export class Life {
  readonly schedule: Schedule;
  readonly timers: Timers;
  readonly #end = new AbortController();
  /** Calls to the outside until it is cut off; undefined: it is not. */
  #left: number | undefined;
  #onCut: () => void = () => undefined;

  constructor(schedule: Schedule, random: Random) {
    this.schedule = schedule;
    this.timers = {
      monotonicMs: () => schedule.nowMs,
      after: (ms, run) => this.after(ms, run),
      chance: () => random.fraction(),
    };
  }

  get alive(): boolean {
    return !this.#end.signal.aborted;
  }

  /** Aborted at its end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  end(): void {
    this.#end.abort();
  }

  /** Cuts it off at one of its next calls to the outside, whichever that is. */
  cutAfter(calls: number, onCut: () => void): void {
    this.#left = calls;
    this.#onCut = onCut;
  }

  /** A call to the outside begins or ends here. Throws where the program is cut off. */
  boundary(): void {
    if (!this.alive) throw new PowerCut();
    if (this.#left === undefined) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.end();
    this.#onCut();
    throw new PowerCut();
  }

  after(ms: number, run: () => void): () => void {
    return this.schedule.after(ms, () => {
      if (!this.alive) return;
      try {
        run();
      } catch (error) {
        // Whatever was cut off is over.
        if (!(error instanceof PowerCut)) throw error;
      }
    });
  }

  /** Resolves then, if the program still runs. */
  later(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }
}
