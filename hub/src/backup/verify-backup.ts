import { digestOf } from '@mooring/proto';
import { checkContent, checkWhole } from '../store/check.ts';
import { damagedRow } from '../store/row-digest.ts';
import { MIGRATIONS } from '../store/schema.ts';
import { openSqlite, type Sqlite } from '../store/sqlite.ts';
import { MANIFEST_TABLE, type Manifest, noBackup, readManifest } from './manifest.ts';

/**
 * Reads a whole backup: every page, the manifest, the name of every object, and where its schema is that of this release, every row and the marker; an
 * older one is checked when it was brought up to date. Returns what it says of itself. Throws DB_* or BACKUP_FORMAT; the file stays as it is.
 */
export function verifyBackup(file: string): Manifest {
  const database = openSqlite(file, 'read');
  try {
    checkWhole(database, file);
    const manifest = readManifest(database, file);
    checkObjects(database, file);
    if (manifest.schema === MIGRATIONS.length) {
      const { fleetId } = checkContent(database, file, [MANIFEST_TABLE]);
      if (fleetId !== manifest.fleetId) throw noBackup(file, 'its manifest is that of another fleet');
    }
    return manifest;
  } finally {
    database.close();
  }
}

function checkObjects(database: Sqlite, file: string): void {
  const names = database.all<{ object: string }>('SELECT object FROM objects ORDER BY object');
  for (const { object } of names) {
    const row = database.one<{ ciphertext: Uint8Array }>('SELECT ciphertext FROM objects WHERE object = ?', object);
    if (row === undefined || digestOf(row.ciphertext) !== object) throw damagedRow('objects', object, file);
  }
}
