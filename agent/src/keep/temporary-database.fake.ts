import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { openDatabase } from './database.ts';
import { DiskHealth } from './disk-health.ts';
import type { Sqlite } from './sqlite.ts';
import { temporaryFolder } from './temporary-folder.fake.ts';

/** A real database whose writes can be made to fail, as on a full or broken disk. */
export class TemporaryDatabase {
  readonly file = join(temporaryFolder(), 'agent.db');
  readonly health = new DiskHealth({ nowMs: () => 77, probe: () => undefined });
  /** What each write throws; undefined: writes work. */
  failure: MooringError | undefined;
  #opened = openDatabase(this.file).database;

  /** The database as the agent uses it. */
  readonly database: Sqlite = {
    run: (...call) => this.#write((database) => database.run(...call)),
    insert: (...call) => this.#write((database) => database.insert(...call)),
    one: (...call) => this.#opened.one(...call),
    all: (...call) => this.#opened.all(...call),
    together: (action) => this.#write((database) => database.together(action)),
    close: () => this.#opened.close(),
  };

  /** Ends the process that used it; another one opens it. */
  restart(): void {
    this.#opened.close();
    this.failure = undefined;
    this.#opened = openDatabase(this.file).database;
  }

  #write<T>(action: (database: Sqlite) => T): T {
    if (this.failure !== undefined) throw this.failure;
    return action(this.#opened);
  }
}

export const FULL = new MooringError('DISK_FULL', 'Cannot use the database: it is full; room on the disk is wanted');
export const CORRUPT = new MooringError(
  'STATE_CORRUPT',
  'Cannot use the database: a page is damaged; a sound one is wanted',
);
