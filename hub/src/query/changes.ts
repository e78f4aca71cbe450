import { ABORTED, untilAborted } from '../grpc/until-aborted.ts';

/** Tells watchers that something may look different now. Changes that come together are told once. */
export class Changes {
  readonly #waiting = new Set<() => void>();
  #version = 0;

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  notify(): void {
    this.#version++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
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
