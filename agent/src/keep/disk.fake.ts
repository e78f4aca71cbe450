import { type Disk, REAL_DISK } from './disk.ts';

/** What an operating system says, with its code. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: said by the disk`), { code });
}

/** The power went: nothing after this call happens. */
export class PowerCut extends Error {}

/** A real disk that fails at one of its calls, or at all from then on. */
export class FailingDisk implements Disk {
  /** Calls that were made. */
  calls = 0;
  /** Calls that still work; after them each one throws. */
  remaining = Number.POSITIVE_INFINITY;
  failure: Error = systemError('EIO');

  sync(descriptor: number): void {
    this.#step();
    REAL_DISK.sync(descriptor);
  }

  rename(from: string, to: string): void {
    this.#step();
    REAL_DISK.rename(from, to);
  }

  #step(): void {
    if (this.remaining <= 0) throw this.failure;
    this.remaining -= 1;
    this.calls += 1;
  }
}
