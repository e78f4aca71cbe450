import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bytes that are kept for the day when the disk is full: room for thousands of events, and for what an operator does about it. */
export const BALLAST_BYTES = 16 * 1024 * 1024;
/** Times the ballast that must be free before it is laid in again: otherwise it would fill the disk itself. */
const ROOM = 4;

/** A file whose only use is to be given up: on a full disk not even a deletion can be committed. */
export interface Ballast {
  /** True while it lies there. */
  readonly laid: boolean;
  /** Gives the room back; false: there was none. */
  release(): boolean;
  /** True when the disk has not even room for it: it is full, or soon will be. */
  lacksRoom(): boolean;
  /** Lays it in again where the disk has room; returns whether it lies there. */
  restore(): boolean;
}

/** The ballast of a database. Random bytes: a file system that compresses would keep no room for zeros. */
export function openBallast(database: string, bytes = BALLAST_BYTES): Ballast {
  const file = `${database}.ballast`;
  const ballast: Ballast = {
    get laid() {
      return existsSync(file);
    },
    release: () => {
      if (!existsSync(file)) return false;
      rmSync(file);
      return true;
    },
    lacksRoom: () => freeBytes(file) < bytes,
    restore: () => {
      if (existsSync(file)) return true;
      if (freeBytes(file) < bytes * ROOM) return false;
      write(file, bytes);
      return true;
    },
  };
  return ballast;
}

function freeBytes(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
}

function write(file: string, bytes: number): void {
  const draft = `${file}.new`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    writeSync(descriptor, randomBytes(bytes));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}
