import { statSync } from 'node:fs';
import { growMarker } from './marker.ts';
import type { Sqlite } from './sqlite.ts';

/** Bytes of the write-ahead log beyond which it is moved into the database: a thousand pages, as SQLite itself would. */
export const CHECKPOINT_BYTES = 4 * 1024 * 1024;
/** Bytes beyond which writing waits for readers that keep the log from ending: a backup takes seconds, anything longer is stuck. */
export const LOG_LIMIT_BYTES = 64 * 1024 * 1024;

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
