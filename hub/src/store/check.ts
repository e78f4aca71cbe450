import { MooringError } from '@mooring/proto';
import { type Marker, readMarker } from './marker.ts';
import { checkRows } from './row-digest.ts';
import { APPLICATION_ID, MIGRATIONS, migrate, schemaDigest, schemaVersion } from './schema.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';

const RESTORE_HINT =
  'Stop the hub, keep the file as it is, and restore the newest backup; Git and the agents bring the rest.';

/**
 * Refuses a database that is not this fleet's: empty, of another application or fleet, newer than this hub, damaged, or with a schema that
 * this hub never made. An older one is migrated. A hub that started on a wrong file would revoke or forget its whole fleet.
 */
export function checkDatabase(database: Sqlite, file: string, fleetId: string): void {
  checkApplication(database, file);
  checkPages(database, file, 'quick_check');
  migrate(database);
  checkSchema(database, file, []);
  const marker = readMarker(database);
  if (marker === undefined) throw empty(file);
  if (marker.fleetId !== fleetId) {
    const message = `Cannot open the database: it belongs to fleet ${marker.fleetId}; that of fleet ${fleetId} is wanted`;
    throw new MooringError('FLEET_MISMATCH', message, {
      place: { file },
      hint: 'Point the hub at its own data folder.',
    });
  }
  checkRows(database, file);
}

/** Reads every page and index of a database of Mooring, of this schema or an older one; nothing is changed. Throws DB_*. */
export function checkWhole(database: Sqlite, file: string): void {
  checkApplication(database, file);
  checkPages(database, file, 'integrity_check');
}

/** Checks tables, marker and every row of a database of this very schema; `own` are tables that it may have beside. Throws DB_*. */
export function checkContent(database: Sqlite, file: string, own: readonly string[] = []): Marker {
  if (schemaVersion(database) < MIGRATIONS.length) {
    const message = `Cannot use the database: its schema has version ${schemaVersion(database)}; ${MIGRATIONS.length} is wanted`;
    throw new MooringError('DB_SCHEMA', message, {
      place: { file },
      hint: 'Start the hub once: it brings it up to date.',
    });
  }
  checkSchema(database, file, own);
  const marker = readMarker(database);
  if (marker === undefined) throw empty(file);
  checkRows(database, file);
  return marker;
}

/** A database that holds nothing: never taken for a new fleet. */
export function empty(file: string): MooringError {
  const message = 'Cannot open the database: it is empty; one with a fleet marker is wanted';
  return new MooringError('DB_EMPTY', message, {
    place: { file },
    hint: 'Restore the newest backup, or make the hub again from its keys: mooring init --keys DIR.',
  });
}

function checkApplication(database: Sqlite, file: string): void {
  const application = Number(database.pragma('application_id'));
  const version = schemaVersion(database);
  const tables = database.one<{ count: number }>('SELECT count(*) AS count FROM sqlite_schema');
  if (application === 0 && version === 0 && tables?.count === 0) throw empty(file);
  if (application !== APPLICATION_ID || version === 0) {
    const message = `Cannot open the database: its application id is ${application}; Mooring's ${APPLICATION_ID} is wanted`;
    throw new MooringError('DB_WRONG_APPLICATION', message, {
      place: { file },
      hint: 'Point the hub at its own data folder.',
    });
  }
  if (version > MIGRATIONS.length) {
    const message = `Cannot open the database: its schema has version ${version}; at most ${MIGRATIONS.length} is known to this hub`;
    throw new MooringError('DB_NEWER', message, { place: { file }, hint: 'Start the newer version of Mooring again.' });
  }
}

function checkPages(database: Sqlite, file: string, how: 'quick_check' | 'integrity_check'): void {
  const result = database.pragma(`${how}(1)`);
  if (result === 'ok') return;
  const message = `Cannot open the database: it is damaged (${String(result).replaceAll(/\s+/g, ' ')}); an undamaged one is wanted`;
  throw new MooringError('DB_CORRUPT', message, { place: { file }, hint: RESTORE_HINT });
}

function checkSchema(database: Sqlite, file: string, own: readonly string[]): void {
  const reference = openSqlite(':memory:', 'create');
  try {
    migrate(reference);
    if (schemaDigest(reference) === schemaDigest(database, own)) return;
  } finally {
    reference.close();
  }
  const message =
    'Cannot open the database: its tables, indexes, views or triggers were changed; those of Mooring are wanted';
  throw new MooringError('DB_SCHEMA', message, { place: { file }, hint: RESTORE_HINT });
}
