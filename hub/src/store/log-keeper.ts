import { statSync } from 'node:fs';
import type { Problem } from '@mooring/proto';
import { growMarker } from './marker.ts';
import type { Sqlite } from './sqlite.ts';

const MIB = 1024 * 1024;
/** Bytes of the write-ahead log beyond which it is moved into the database: a thousand pages, as SQLite itself would. */
export const CHECKPOINT_BYTES = 4 * MIB;
/** Bytes beyond which writing waits for readers that keep the log from ending: a backup takes seconds, anything longer is stuck. */
export const LOG_LIMIT_BYTES = 64 * MIB;

/** Bytes beyond which a person is told: more than the largest commit adds at once, so that a reader must be holding it. */
export const LOG_ALARM_BYTES = 8 * CHECKPOINT_BYTES;

/** What is wrong with the log of a database; undefined: nothing. */
export function logProblem(file: string): Problem | undefined {
  const bytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= LOG_ALARM_BYTES) return undefined;
  const mib = Math.floor(bytes / MIB);
  return {
    code: 'DB_LOCKED',
    message: `Cannot keep the database small: its log has ${mib} MiB, as another program reads it all the time; one that ends is wanted`,
    hint: `Find who reads, and end it: fuser -v ${file}`,
    sinceMs: 0n,
  };
}

/**
 * Keeps the write-ahead log small, and its beginning known: SQLite moves no page by itself here, so that the first commit of each log is the one
 * that says so in the marker.
 */
export class LogKeeper {
  readonly #database: Sqlite;
  readonly #log: string;
  /** The next commit begins a log: everything of the one before is in the database file. */
  beginsLog = true;
  #nextBytes = CHECKPOINT_BYTES;

  constructor(database: Sqlite, file: string) {
    this.#database = database;
    this.#log = `${file}-wal`;
    database.pragma('wal_autocheckpoint = 0');
    // A log that begins anew shrinks to what it holds, so that its size says how much that is.
    database.pragma('journal_size_limit = 0');
  }

  /** After each commit. Throws what SQLite says of a disk that takes no more; the log then stays, and is tried again. */
  committed(): void {
    this.beginsLog = false;
    const bytes = statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes < CHECKPOINT_BYTES) this.#nextBytes = CHECKPOINT_BYTES;
    if (bytes < this.#nextBytes) return;
    this.#nextBytes = bytes + CHECKPOINT_BYTES;
    this.beginsLog = this.#database.checkpoint(bytes < LOG_LIMIT_BYTES ? 'PASSIVE' : 'RESTART');
  }

  /** The last commit: everything stands in the database file, and says so. A reader that keeps the log makes it the end of a crash. */
  end(): void {
    if (this.#database.checkpoint('RESTART')) growMarker(this.#database, 1);
  }
}
