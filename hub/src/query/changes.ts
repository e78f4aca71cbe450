import { ABORTED, untilAborted } from '../grpc/until-aborted.ts';
import type { Touched } from '../store/touched.ts';

/** Tells watchers that something may look different now. Changes that come together are told once. */
export class Changes {
  readonly #waiting = new Set<() => void>();
  #version = 0;
  #touched: Set<string> | 'fleet' = new Set();

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  notify(touched: Touched = 'fleet'): void {
    this.#version++;
    if (touched === 'fleet') this.#touched = touched;
    else if (this.#touched !== 'fleet') for (const host of touched) this.#touched.add(host);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Whoever was touched since this was asked last: it has one asker. */
  takeTouched(): Touched {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** Waits until there is a change after that version; false: the signal came first. */
  async after(version: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#version > version) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const end = await untilAborted(promise, signal);
    this.#waiting.delete(resolve);
    return end !== ABORTED;
  }
}
