import { existsSync, renameSync } from 'node:fs';
import { MooringError } from '@mooring/proto';
import type { Chance } from './chance.ts';
import { type MovableSqlite, openSqlite, type Schema, type Sqlite } from './sqlite.ts';
import type { StandIn } from './stand-in.ts';

/** Everything that the agent remembers beside the accepted assignment. */
const SCHEMA: Schema = {
  harmlessWrite: 'DELETE FROM meta WHERE false',
  schema: `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS owned (
    kind TEXT NOT NULL, id TEXT NOT NULL, stack TEXT NOT NULL, key TEXT NOT NULL, spec_digest TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS stopped (container TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS receipt (container TEXT PRIMARY KEY, receipt TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS completion (
    stack TEXT NOT NULL, service TEXT NOT NULL, replica INTEGER NOT NULL, spec_digest TEXT NOT NULL,
    exit_code INTEGER NOT NULL, started_at_ms INTEGER NOT NULL, PRIMARY KEY (stack, service, replica)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, severity INTEGER NOT NULL, bytes INTEGER NOT NULL, event BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS envelope (generation TEXT PRIMARY KEY, envelope BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS release (
    stack TEXT NOT NULL, role TEXT NOT NULL, generation TEXT NOT NULL, bundle TEXT NOT NULL, PRIMARY KEY (stack, role)
  ) STRICT, WITHOUT ROWID;
`,
};

/** A database, and what became of it. */
export interface OpenedDatabase {
  readonly database: MovableSqlite;
  /** True: an earlier one was damaged and set aside. */
  readonly setAside: boolean;
  /** The copy in memory that it is, because the disk takes nothing; undefined: it is the file. */
  readonly copy?: string;
  /** Why it is a copy. */
  readonly problem?: MooringError;
}

/**
 * Opens the agent's database. A damaged one is set aside and a new one begun: what it held is found again on the engine by labels, and its events
 * are a gap that the hub sees by the new outbox id. Where the disk takes nothing, a copy in memory is opened, if there is a place for one.
 */
export function openDatabase(file: string, standIn?: StandIn): OpenedDatabase {
  const copy = standIn?.find(file);
  if (copy !== undefined) return { ...openOrBegin(copy), copy, problem: leftOver(file) };
  try {
    return openOrBegin(file);
  } catch (error) {
    if (standIn === undefined || !(error instanceof MooringError && error.code === 'DISK_FULL')) throw error;
    const taken = standIn.take(file);
    return { ...openOrBegin(taken), copy: taken, problem: error };
  }
}

function leftOver(file: string): MooringError {
  const message = `Cannot use ${file}: what came after it is in memory, since the disk took nothing; a disk that takes writes is wanted`;
  return new MooringError('DISK_FULL', message, { hint: HINT });
}

const HINT = 'Containers keep running and are healed; the record is kept in memory until the disk takes writes again.';

function openOrBegin(file: string): OpenedDatabase {
  try {
    return { database: openSqlite(file, SCHEMA), setAside: false };
  } catch (error) {
    if (!(error instanceof MooringError && error.code === 'STATE_CORRUPT')) throw error;
    for (const ending of ['', '-wal', '-shm']) {
      if (existsSync(file + ending)) renameSync(file + ending, `${file}.damaged${ending}`);
    }
    return { database: openSqlite(file, SCHEMA), setAside: true };
  }
}

/** A random key that is born with the database. */
export function maskKeyOf(database: Sqlite, chance: Chance): Uint8Array {
  const row = database.one<{ value: string }>("SELECT value FROM meta WHERE name = 'mask-key'");
  if (row !== undefined) return Buffer.from(row.value, 'hex');
  const key = chance.bytes(32);
  database.run("INSERT INTO meta VALUES ('mask-key', ?)", Buffer.from(key).toString('hex'));
  return key;
}
