import { open, rm } from 'node:fs/promises';
import { MooringError, type Problem } from '@mooring/proto';
import { every, MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { WriteQueue } from './write-queue.ts';

/** What a write fails with when the disk takes nothing: it is full, read-only or broken. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['DB_FULL', 'DB_OPEN']);
/** Bytes of a probe: more than a commit of a large fleet adds at once. */
const PROBE_BYTES = 4 * 1024 * 1024;
const PROBE_PIECE = Buffer.alloc(256 * 1024);
/** Milliseconds between probes while something is wrong. */
const PROBE_EVERY_MS = 5_000;

/** What health is judged by. */
export interface StoreHealthParts {
  readonly clock: () => number;
  /** A write of a real size on the disk of the database; rejects when the disk does not take it. */
  readonly probe: () => Promise<void>;
  readonly timers?: Timers;
}

/**
 * Whether the disk takes what the hub must keep. A small write that works proves nothing: a disk without room for a commit still takes a row. So the
 * problem lasts from the first write that fails until a probe of a real size works.
 */
export class StoreHealth {
  readonly #parts: StoreHealthParts;
  readonly #stop: () => void;
  #problem: Problem | undefined;
  #probing = false;

  constructor(parts: StoreHealthParts) {
    this.#parts = parts;
    this.#stop = every(parts.timers ?? MACHINE_TIMERS, PROBE_EVERY_MS, () => void this.#check());
  }

  /** Undefined: no write failed for want of a disk, or it takes writes again. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** The same queue, watched. */
  watch(queue: Pick<WriteQueue, 'write'>): Pick<WriteQueue, 'write'> {
    return {
      write: async (kind, takes) => {
        try {
          return await queue.write(kind, takes);
        } catch (error) {
          this.#failed(error);
          throw error;
        }
      },
    };
  }

  close(): void {
    this.#stop();
  }

  #failed(error: unknown): void {
    if (!(error instanceof MooringError && OF_THE_DISK.has(error.code))) return;
    const sinceMs = this.#problem?.sinceMs ?? BigInt(this.#parts.clock());
    this.#problem = { code: error.code, message: error.message, hint: error.hint ?? '', sinceMs };
  }

  async #check(): Promise<void> {
    if (this.#problem === undefined || this.#probing) return;
    this.#probing = true;
    try {
      await this.#parts.probe();
      this.#problem = undefined;
    } catch {
      // What is wrong was said when the write failed, and is still so.
    } finally {
      this.#probing = false;
    }
  }
}

/** Writes as much as the hub may have to keep soon beside the database, and takes it away again. */
export async function probeDisk(file: string): Promise<void> {
  const path = `${file}.probe`;
  try {
    const probe = await open(path, 'w', 0o600);
    try {
      for (let written = 0; written < PROBE_BYTES; ) written += (await probe.write(PROBE_PIECE)).bytesWritten;
      await probe.sync();
    } finally {
      await probe.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}
