import { MooringError, type Problem } from '@mooring/proto';

/** What is wrong with the disk, and not with what is written. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['DISK_FULL', 'STATE_CORRUPT']);

/** Milliseconds between probes of a disk that is full: soon enough for whoever made room, and seldom enough for a disk in trouble. */
const PROBE_EVERY_MS = 5_000;

/** What health is judged by. */
export interface DiskHealthParts {
  readonly nowMs: () => number;
  /** A write of a real size; throws DISK_FULL. */
  readonly probe: () => void;
}

/**
 * Whether the disk takes what the agent must keep. A full disk stops nothing that runs; it is told from memory. A small write that works proves
 * nothing: a disk that has no room for an assignment still takes a status file. So the problem lasts until a write of a real size works.
 */
export class DiskHealth {
  readonly #parts: DiskHealthParts;
  #problem: Problem | undefined;
  #probedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: DiskHealthParts) {
    this.#parts = parts;
  }

  /** Undefined: nothing that was to be written failed, or the disk takes writes of a real size again. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Runs a write and remembers when it fails. False: the disk is full. Any other failure is thrown. */
  attempt(write: () => void): boolean {
    try {
      write();
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
    const sinceMs = this.#problem?.sinceMs ?? BigInt(this.#parts.nowMs());
    this.#problem = { code: error.code, message: error.message, hint: error.hint ?? '', sinceMs };
  }

  /**
   * Probes a disk that is full, now and then, and does with it what waited for room. True: the problem has just ended. A damaged database is not
   * mended by a write that works, but by the next start.
   */
  check(waiting: () => void = () => undefined): boolean {
    const { nowMs, probe } = this.#parts;
    const sinceProbeMs = nowMs() - this.#probedAtMs;
    // A clock that was set back must not put the next probe off for ever.
    const isSoon = sinceProbeMs >= 0 && sinceProbeMs < PROBE_EVERY_MS;
    if (this.#problem?.code !== 'DISK_FULL' || isSoon) return false;
    this.#probedAtMs = nowMs();
    const works = this.attempt(() => {
      probe();
      waiting();
    });
    if (works) this.#problem = undefined;
    return works;
  }
}
