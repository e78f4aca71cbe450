import { closeSync, copyFileSync, linkSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { MooringError } from '@mooring/proto';
import { APPLICATION_ID, schemaVersion } from './schema.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';

/**
 * The one row that says whose database this is. `generation` grows by one at each start, at each end, and with the first commit of each write-ahead
 * log: the database file holds one that is at most one lower than what its log brings, or the two do not belong together.
 */
export interface Marker {
  readonly fleetId: string;
  readonly generation: number;
  /** 1: the hub ended by itself, and everything stands in the database file. */
  readonly clean: number;
}

/** The first schema whose marker has a generation. */
const GENERATION_SINCE_VERSION = 2;
/** Bytes of a write-ahead log before its first whole frame (sqlite.org/fileformat2.html#walformat); a shorter one holds nothing. */
const EMPTY_LOG_BYTES = 32 + 24;
/** Bytes that are read of a log at once. */
const CHUNK_BYTES = 1024 * 1024;

/** Reads the marker; undefined: there is none. */
export function readMarker(database: Sqlite): Marker | undefined {
  return database.one<Marker>('SELECT fleet_id AS fleetId, generation, clean FROM marker');
}

/** Begins a new generation. Inside the transaction that it belongs to. */
export function growMarker(database: Sqlite, clean: 0 | 1): void {
  database.run('UPDATE marker SET generation = generation + 1, clean = ?', clean);
}

/**
 * Refuses a database whose write-ahead log is gone although the hub did not end by itself, or is another one's: without its log a database is an
 * older one in silence, and SQLite would write a foreign log into it. Nothing is changed. Throws DB_WAL_MISMATCH.
 */
export function checkLog(file: string): void {
  const alone = markerWithoutLog(file);
  if (alone === undefined) return;
  const log = `${file}-wal`;
  const bytes = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes < EMPTY_LOG_BYTES) {
    if (alone.clean === 1) return;
    throw mismatch(log, 'it is missing, and the hub did not end by itself', 'the log that was beside it');
  }
  if (!holds(log, alone.fleetId)) throw mismatch(log, 'it is of another database', 'its own');
  const database = openSqlite(file, 'read');
  try {
    const together = readMarker(database);
    const grown = (together?.generation ?? 0) - alone.generation;
    if (together?.fleetId === alone.fleetId && (grown === 0 || grown === 1)) return;
    throw mismatch(log, `it is of another time (${grown} generations apart)`, 'the one that was beside it last');
  } finally {
    database.close();
  }
}

/** The marker in the database file itself, read under another name, where SQLite finds no log. Undefined: a schema without generations. */
function markerWithoutLog(file: string): Marker | undefined {
  const alias = `${file}.alone`;
  const remove = () => {
    for (const rest of ['', '-wal', '-shm']) rmSync(`${alias}${rest}`, { force: true });
  };
  remove();
  try {
    linkOrCopy(file, alias);
    const database = openSqlite(alias, 'write');
    try {
      const ours = Number(database.pragma('application_id')) === APPLICATION_ID;
      return ours && schemaVersion(database) >= GENERATION_SINCE_VERSION ? readMarker(database) : undefined;
    } finally {
      database.close();
    }
  } catch (error) {
    // The other name is gone in a moment: a person looks for the file itself.
    if (!(error instanceof MooringError) || error.place?.file !== alias) throw error;
    throw new MooringError(error.code, error.message, { place: { file }, hint: error.hint, cause: error });
  } finally {
    remove();
  }
}

function linkOrCopy(file: string, alias: string): void {
  try {
    linkSync(file, alias);
  } catch {
    // A file system without links: the copy costs time, and says why if it fails as well.
    copyFileSync(file, alias);
  }
}

/** True when the text stands somewhere in the file. */
function holds(path: string, text: string): boolean {
  const wanted = Buffer.from(text);
  const buffer = Buffer.alloc(CHUNK_BYTES + wanted.byteLength);
  const descriptor = openSync(path, 'r');
  try {
    for (let position = 0; ; position += CHUNK_BYTES) {
      const read = readSync(descriptor, buffer, 0, buffer.byteLength, position);
      if (buffer.subarray(0, read).includes(wanted)) return true;
      if (read < buffer.byteLength) return false;
    }
  } finally {
    closeSync(descriptor);
  }
}

function mismatch(log: string, what: string, wanted: string): MooringError {
  const message = `Cannot open the database: its write-ahead log does not fit, ${what}; ${wanted} is wanted`;
  return new MooringError('DB_WAL_MISMATCH', message, {
    place: { file: log },
    hint: 'Put hub.db and hub.db-wal of one moment together, or restore the newest backup: mooring restore.',
  });
}
