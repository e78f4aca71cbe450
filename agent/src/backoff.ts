import { MACHINE_TIMERS, type Timers } from './timers.ts';

/** How long to wait between attempts. */
export interface BackoffBounds {
  /** Milliseconds that the first wait has at most. */
  readonly firstMs: number;
  /** Milliseconds that any wait has at most. */
  readonly maxMs: number;
}

/** Milliseconds that the other side may ask to be left alone: whoever it is, it silences nobody for longer. */
const MAX_ASKED_MS = 300_000;

/** Full jitter: each wait is anything from nothing to a bound that doubles, so that many hosts never come back in step. */
export class Backoff {
  readonly #bounds: BackoffBounds;
  readonly #random: () => number;
  #firstMs: number;
  #failures = 0;

  constructor(bounds: BackoffBounds, random: () => number = Math.random) {
    this.#bounds = bounds;
    this.#firstMs = bounds.firstMs;
    this.#random = random;
  }

  /**
   * Milliseconds until the next attempt: never sooner than the other side asked for, and spread over at least as long again, since it asked
   * everybody else for the same.
   */
  next(askedMs = 0): number {
    const asked = Math.min(askedMs, MAX_ASKED_MS);
    const bound = Math.min(this.#firstMs * 2 ** this.#failures, Math.max(this.#firstMs, this.#bounds.maxMs));
    this.#failures += 1;
    return Math.round(asked + this.#random() * Math.max(bound, asked));
  }

  /** An attempt succeeded; where the other side has set a pace since, the first wait may be as long as that. */
  reset(paceMs = 0): void {
    this.#failures = 0;
    this.#firstMs = Math.max(this.#bounds.firstMs, paceMs);
  }
}

/** Waits, or returns early when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal, timers: Timers = MACHINE_TIMERS): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = timers.after(ms, resolve);
  const wake = () => {
    cancel();
    resolve();
  };
  signal.addEventListener('abort', wake, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', wake));
}
