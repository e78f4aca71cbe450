import { type ErrorCode, MooringError } from '@mooring/proto';
import Database from 'better-sqlite3';
import { rowDigest } from './row-digest.ts';

/** What SQLite stores and takes. Blobs come back as Buffer. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** One connection. Statements are prepared once per text; every failure is a MooringError with a DB_* code. */
export interface Sqlite {
  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, ...values: SqlValue[]): number;
  /** Runs an INSERT; returns the row id. */
  insert(sql: string, ...values: SqlValue[]): number;
  one<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SqlValue[]): Row[];
  /** Runs several statements without values. */
  exec(sql: string): void;
  pragma(text: string): unknown;
  /** Moves what the write-ahead log holds into the database file; false: a reader kept some of it back. */
  checkpoint(mode: 'PASSIVE' | 'RESTART'): boolean;
  /** Copies the whole database into a file that does not exist, as it is at one moment, whoever writes meanwhile. */
  backup(target: string): Promise<void>;
  /** False after SQLite itself rolled a transaction back, as it does when the disk is full. */
  inTransaction(): boolean;
  close(): void;
}

/** Milliseconds that a statement waits for another connection's lock: the writer's longest commit stays far below. */
export const BUSY_TIMEOUT_MS = 5_000;

/** Pages of one step of a copy: more than a database can have. */
const ALL_PAGES = 0x7fff_ffff;

/** How a connection is opened. */
export type OpenMode = 'read' | 'write' | 'create';

/**
 * Opens a database file with the settings that every connection of the hub needs: synchronous=FULL because agents forget what is acknowledged,
 * and no trust in a schema that a restored file may bring along.
 */
export function openSqlite(file: string, mode: OpenMode): Sqlite {
  const database = attempt(() => {
    const opened = new Database(file, {
      readonly: mode === 'read',
      fileMustExist: mode !== 'create',
      timeout: BUSY_TIMEOUT_MS,
    });
    try {
      opened.pragma('trusted_schema = OFF');
      opened.pragma('cell_size_check = ON');
      opened.pragma('foreign_keys = ON');
      if (mode !== 'read') opened.pragma('synchronous = FULL');
      opened.function('digest_of', { varargs: true, deterministic: true, directOnly: true }, rowDigest);
    } catch (cause) {
      opened.close();
      throw cause;
    }
    return opened;
  }, file);
  return wrap(database, file);
}

/**
 * Takes a lock on `file` that ends with the process however it ends, or returns undefined when another holds it: an exclusive transaction on
 * an empty database, whose lock the kernel keeps.
 */
export function lockFile(file: string): (() => void) | undefined {
  const database = attempt(() => new Database(file, { timeout: 0 }), file);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    const error = asStoreError(cause, file);
    if (error.code === 'DB_LOCKED') return undefined;
    throw error;
  }
  return () => database.close();
}

function wrap(database: Database.Database, file: string): Sqlite {
  const statements = new Map<string, Database.Statement<SqlValue[]>>();
  const prepare = (sql: string) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const prepared = database.prepare<SqlValue[]>(sql);
    statements.set(sql, prepared);
    return prepared;
  };
  return {
    run: (sql, ...values) => attempt(() => prepare(sql).run(...values).changes, file),
    insert: (sql, ...values) => attempt(() => Number(prepare(sql).run(...values).lastInsertRowid), file),
    // Rows are outside data: the schema, which is compared at the start, says what they hold.
    one: <Row>(sql: string, ...values: SqlValue[]) =>
      attempt(() => prepare(sql).get(...values) as Row | undefined, file),
    all: <Row>(sql: string, ...values: SqlValue[]) => attempt(() => prepare(sql).all(...values) as Row[], file),
    exec: (sql) => attempt(() => void database.exec(sql), file),
    pragma: (text) => attempt(() => database.pragma(text, { simple: true }), file),
    checkpoint: (mode) =>
      attempt(() => {
        // One row: whether it was kept from finishing, frames in the log, frames that were moved.
        const [row] = database.pragma(`wal_checkpoint(${mode})`) as {
          busy: number;
          log: number;
          checkpointed: number;
        }[];
        return row !== undefined && row.busy === 0 && row.log === row.checkpointed;
      }, file),
    backup: async (target) => {
      try {
        // In one step: a copy in many steps begins anew whenever another connection writes.
        await database.backup(target, { progress: () => ALL_PAGES });
      } catch (cause) {
        throw asStoreError(cause, target);
      }
    },
    inTransaction: () => database.inTransaction,
    close: () => attempt(() => void database.close(), file),
  };
}

function attempt<T>(action: () => T, file: string): T {
  try {
    return action();
  } catch (cause) {
    throw asStoreError(cause, file);
  }
}

/** SQLite's primary result codes (sqlite.org/rescode.html) and what they mean for a hub. */
const MEANINGS: readonly (readonly [prefix: string, code: ErrorCode, wanted: string])[] = [
  ['SQLITE_NOTADB', 'DB_NOT_A_DATABASE', 'a database that `mooring init` made is wanted'],
  ['SQLITE_CORRUPT', 'DB_CORRUPT', 'an undamaged database is wanted'],
  ['SQLITE_CONSTRAINT_FOREIGNKEY', 'HOST_UNKNOWN', 'a host that joined is wanted'],
  ['SQLITE_BUSY', 'DB_LOCKED', 'one hub per database is wanted'],
  ['SQLITE_LOCKED', 'DB_LOCKED', 'one hub per database is wanted'],
  ['SQLITE_FULL', 'DB_FULL', 'room on the disk is wanted'],
  ['SQLITE_CANTOPEN', 'DB_OPEN', 'a readable and writable file is wanted'],
  ['SQLITE_PERM', 'DB_OPEN', 'a readable and writable file is wanted'],
  ['SQLITE_READONLY', 'DB_OPEN', 'a readable and writable file is wanted'],
  ['SQLITE_IOERR', 'DB_OPEN', 'a disk without errors is wanted'],
  ['SQLITE_TOOBIG', 'INVALID_ARGUMENT', 'a smaller row is wanted'],
];

const HINTS: Partial<Record<ErrorCode, string>> = {
  DB_NOT_A_DATABASE: 'Point the hub at its own data folder, or restore the newest backup.',
  DB_CORRUPT: 'Stop the hub, keep the file as it is, and restore the newest backup; Git and the agents bring the rest.',
  DB_LOCKED: 'Stop the other process that uses this data folder.',
  DB_FULL: 'Free space on the disk that holds the data folder; the hub goes on by itself.',
  DB_OPEN: 'Look at the path, its owner and mode, and the disk.',
};

function asStoreError(cause: unknown, file: string): MooringError {
  if (cause instanceof MooringError) return cause;
  const place = { file };
  if (cause instanceof Database.SqliteError) {
    const meaning = MEANINGS.find(([prefix]) => cause.code.startsWith(prefix));
    if (meaning !== undefined) {
      const [, code, wanted] = meaning;
      return new MooringError(code, `Cannot use the database: ${cause.message}; ${wanted}`, {
        place,
        hint: HINTS[code],
        cause,
      });
    }
    const message = `Cannot use the database: ${cause.message} (${cause.code}); a statement that fits the schema is wanted`;
    return new MooringError('INTERNAL', message, { place, cause });
  }
  // better-sqlite3 reports a missing folder and values of a wrong type as TypeError.
  const text = cause instanceof Error ? cause.message : String(cause);
  if (text.includes('directory does not exist')) {
    const message = 'Cannot open the database: its folder does not exist; an existing data folder is wanted';
    return new MooringError('DB_OPEN', message, { place, hint: HINTS.DB_OPEN, cause });
  }
  return new MooringError('INTERNAL', `Cannot use the database: ${text}; values that fit are wanted`, { place, cause });
}
