import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ErrorCode, MooringError } from '@mooring/proto';
import Database from 'better-sqlite3';
import { diskError, PRIVATE_FILE, REAL_DISK, removeDraft } from './disk.ts';

/** What SQLite stores and takes. Blobs come back as Buffer. */
export type SqlValue = null | number | string | Uint8Array;

/** One database file. Statements are prepared once per text; every failure is a MooringError. */
export interface Sqlite {
  run(sql: string, ...values: SqlValue[]): number;
  /** Runs an INSERT; returns the row id. */
  insert(sql: string, ...values: SqlValue[]): number;
  one<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SqlValue[]): Row[];
  /** All of it or nothing. */
  together(action: () => void): void;
  close(): void;
}

/** What a database holds. */
export interface Schema {
  /** Makes what is not there yet. */
  readonly schema: string;
  /** A statement that changes nothing, and that only a database that can be written takes. */
  readonly harmlessWrite: string;
}

/** A database that may be brought to another place while it is used. */
export interface MovableSqlite extends Sqlite {
  /** Writes everything to that file, durably and in place of what is there, and goes on in it. Throws as a write does, and then stays where it was. */
  moveTo(file: string): void;
}

/** Pages of cache: the database is small and memory is not ours to spend. */
const CACHE_KIB = 512;

/** Opens a database with its schema. Throws STATE_CORRUPT where the file is damaged, DISK_FULL where nothing can be written. */
export function openSqlite(file: string, schema: Schema): MovableSqlite {
  return wrap(
    attempt(() => open(file, schema)),
    schema,
  );
}

function open(file: string, { schema, harmlessWrite }: Schema): Database.Database {
  const opened = new Database(file, { timeout: 0 });
  try {
    opened.pragma('journal_mode = WAL');
    // A crash or power cut must not take back what an apply or an acknowledgement relies on.
    opened.pragma('synchronous = FULL');
    opened.pragma('trusted_schema = OFF');
    opened.pragma('cell_size_check = ON');
    opened.pragma(`cache_size = -${CACHE_KIB}`);
    const verdict = opened.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw corrupt(String(verdict));
    opened.exec(schema);
    // On a read-only disk all this succeeds, as long as the schema is there: only what may write shows it, even where it writes nothing.
    opened.exec(harmlessWrite);
  } catch (cause) {
    opened.close();
    throw cause;
  }
  return opened;
}

/**
 * Takes a lock that ends with the process however it ends; undefined: another holds it. An exclusive transaction on an empty database, whose lock
 * the kernel keeps.
 */
export function lockFile(file: string): (() => void) | undefined {
  const database = attempt(() => new Database(file, { timeout: 0 }));
  try {
    // On a read-only disk SQLite takes what follows for a read, and locks nothing. Another file is tried: to close this one would end a lock on it.
    writeAndRemove(`${file}.probe`);
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if (cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY')) return undefined;
    throw cause instanceof Database.SqliteError ? asKeepError(cause) : diskError(`lock ${file}`, cause);
  }
  return () => database.close();
}

function writeAndRemove(path: string): void {
  closeSync(openSync(path, 'w', PRIVATE_FILE));
  rmSync(path);
}

/** Whether another process holds the lock, asked without a write: false also where there is no such file. */
export function isLocked(file: string): boolean {
  try {
    const database = new Database(file, { timeout: 0, readonly: true, fileMustExist: true });
    try {
      database.pragma('schema_version');
      return false;
    } finally {
      database.close();
    }
  } catch (cause) {
    return cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY');
  }
}

function wrap(opened: Database.Database, schema: Schema): MovableSqlite {
  let database = opened;
  const statements = new Map<string, Database.Statement<SqlValue[]>>();
  const prepare = (sql: string) => {
    const known = statements.get(sql) ?? database.prepare<SqlValue[]>(sql);
    statements.set(sql, known);
    return known;
  };
  return {
    run: (sql, ...values) => attempt(() => prepare(sql).run(...values).changes),
    insert: (sql, ...values) => attempt(() => Number(prepare(sql).run(...values).lastInsertRowid)),
    // Rows are outside data only in name: the schema beside them says what they hold.
    one: <Row>(sql: string, ...values: SqlValue[]) => attempt(() => prepare(sql).get(...values) as Row | undefined),
    all: <Row>(sql: string, ...values: SqlValue[]) => attempt(() => prepare(sql).all(...values) as Row[]),
    together: (action) => attempt(() => database.transaction(action)()),
    close: () => attempt(() => void database.close()),
    moveTo: (file) =>
      attempt(() => {
        replaceFile(database, file);
        const moved = open(file, schema);
        database.close();
        database = moved;
        statements.clear();
      }),
  };
}

/** The log of the file that is replaced goes first: beside another database it would be taken for its own. */
function replaceFile(database: Database.Database, file: string): void {
  const draft = `${file}.new`;
  try {
    rmSync(draft, { force: true });
    database.prepare('VACUUM INTO ?').run(draft);
    sync(draft);
    for (const ending of ['-wal', '-shm']) rmSync(file + ending, { force: true });
    renameSync(draft, file);
    sync(dirname(file));
  } catch (cause) {
    removeDraft(REAL_DISK, draft);
    throw cause instanceof Database.SqliteError ? cause : diskError(`bring the record to ${file}`, cause);
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw asKeepError(cause);
  }
}

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const MEANINGS: readonly (readonly [prefix: string, code: ErrorCode, wanted: string])[] = [
  ['SQLITE_NOTADB', 'STATE_CORRUPT', 'a database is wanted'],
  ['SQLITE_CORRUPT', 'STATE_CORRUPT', 'an undamaged database is wanted'],
  ['SQLITE_FULL', 'DISK_FULL', 'room on the disk is wanted'],
  ['SQLITE_READONLY', 'DISK_FULL', 'a disk that can be written is wanted'],
  ['SQLITE_CANTOPEN', 'DISK_FULL', 'a folder that can be written is wanted'],
  ['SQLITE_IOERR', 'DISK_FULL', 'a disk without errors is wanted'],
];

function corrupt(verdict: string): MooringError {
  return new MooringError('STATE_CORRUPT', `Cannot use the agent's database: ${verdict}; an undamaged one is wanted`);
}

function asKeepError(cause: unknown): MooringError {
  if (cause instanceof MooringError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Database.SqliteError ? cause.code : '';
  const [, meaning, wanted] = MEANINGS.find(([prefix]) => code.startsWith(prefix)) ?? [
    '',
    'INTERNAL',
    'a working one is wanted',
  ];
  return new MooringError(meaning as ErrorCode, `Cannot use the agent's database: ${why}; ${wanted}`, { cause });
}
