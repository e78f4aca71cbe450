import { MACHINE_TIMERS, type Timers } from './timers.ts';

/** How long to wait between attempts. */
export interface BackoffBounds {
  /** Milliseconds that the first wait has at most. */
  readonly firstMs: number;
  /** Milliseconds that any wait has at most. */
  readonly maxMs: number;
}

/** Full jitter: each wait is anything from nothing to a bound that doubles, so that many hosts never come back in step. */
export class Backoff {
  readonly #bounds: BackoffBounds;
  readonly #random: () => number;
  #failures = 0;

  constructor(bounds: BackoffBounds, random: () => number = Math.random) {
    this.#bounds = bounds;
    this.#random = random;
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const bound = Math.min(this.#bounds.firstMs * 2 ** this.#failures, this.#bounds.maxMs);
    this.#failures += 1;
    return Math.round(this.#random() * bound);
  }

  /** An attempt succeeded. */
  reset(): void {
    this.#failures = 0;
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
