import { MooringError, type Problem } from '@mooring/proto';

/** What is wrong with the disk, and not with what is written. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['DISK_FULL', 'STATE_CORRUPT']);

/** Whether the disk takes what the agent must keep. A full disk stops nothing that runs; it is told from memory. */
export class DiskHealth {
  readonly #nowMs: () => number;
  #problem: Problem | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Undefined: the last write worked. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Runs a write and remembers how it went. False: the disk is full. Any other failure is thrown. */
  attempt(write: () => void): boolean {
    try {
      write();
      // A damaged database is not mended by a write that works, but by the next start.
      if (this.#problem?.code !== 'STATE_CORRUPT') this.#problem = undefined;
      return true;
    } catch (error) {
      this.failed(error);
      if (error instanceof MooringError && error.code === 'DISK_FULL') return false;
      throw error;
    }
  }

  /** A read or a write failed elsewhere. */
  failed(error: unknown): void {
    if (!(error instanceof MooringError && OF_THE_DISK.has(error.code))) return;
    const sinceMs = this.#problem?.sinceMs ?? BigInt(this.#nowMs());
    this.#problem = { code: error.code, message: error.message, hint: error.hint ?? '', sinceMs };
  }
}
