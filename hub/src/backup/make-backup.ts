import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { MooringError } from '@mooring/proto';
import { fleetPaths } from '../enrol/fleet-paths.ts';
import { syncFolder } from '../enrol/key-files.ts';
import { openFleet } from '../enrol/open-fleet.ts';
import { checkContent, checkWhole } from '../store/check.ts';
import { MIGRATIONS } from '../store/schema.ts';
import { openSqlite, type Sqlite } from '../store/sqlite.ts';
import { CANNOT_BE_REBUILT, documentsOf, keysIn, type Manifest, writeManifest } from './manifest.ts';
import { verifyBackup } from './verify-backup.ts';

/** Only the owner reads a backup: it names hosts, users and hashes of tokens. */
const BACKUP_MODE = 0o600;

/** What a backup is made of. */
export interface BackupOptions {
  /** Folder of the fleet; its hub may run. */
  readonly data: string;
  /** File that is written; must not exist. */
  readonly target: string;
  readonly hubVersion: string;
  readonly nowMs: number;
}

/** A backup that was written and verified. */
export interface MadeBackup {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

/**
 * Writes a backup of one moment into one file, whoever writes to the database meanwhile, and reads all of it again before the file gets its name. It
 * holds no key: its manifest names those that it needs. Throws BACKUP_EXISTS, FLEET_MISSING, DB_* where the database itself is not as it should be.
 */
export async function makeBackup({ data, target, hubVersion, nowMs }: BackupOptions): Promise<MadeBackup> {
  const file = resolve(target);
  if (existsSync(file)) throw exists(file);
  const fleet = await openFleet({ data, clock: () => nowMs });
  const draft = `${file}.unverified`;
  for (const rest of DRAFT_FILES) rmSync(`${draft}${rest}`, { force: true });
  try {
    await copy(join(data, 'hub.db'), draft, fleet.id);
    const manifest: Manifest = {
      format: 1,
      fleetId: fleet.id,
      madeAtMs: nowMs,
      hubVersion,
      schema: MIGRATIONS.length,
      keys: keysIn(fleetPaths(data).keys),
      cannotBeRebuilt: [...CANNOT_BE_REBUILT],
      ...documentsOf(data),
    };
    complete(draft, manifest);
    verifyBackup(draft);
    publish(draft, file);
    return { file, bytes: statSync(file).size, manifest };
  } finally {
    for (const rest of DRAFT_FILES) rmSync(`${draft}${rest}`, { force: true });
  }
}

/** What SQLite may leave beside a file that was not finished. */
const DRAFT_FILES = ['', '-wal', '-shm', '-journal'] as const;

/** A damaged database is never copied: the copy would look like a backup. */
async function copy(source: string, draft: string, fleetId: string): Promise<void> {
  const database = openSqlite(source, 'read');
  try {
    checkWhole(database, source);
    const marker = checkContent(database, source);
    if (marker.fleetId !== fleetId) {
      const message = `Cannot back up the database: it belongs to fleet ${marker.fleetId}; that of fleet ${fleetId} is wanted`;
      throw new MooringError('FLEET_MISMATCH', message, { place: { file: source } });
    }
    await database.backup(draft);
  } finally {
    database.close();
  }
}

function complete(draft: string, manifest: Manifest): void {
  chmodSync(draft, BACKUP_MODE);
  const database: Sqlite = openSqlite(draft, 'write');
  try {
    // One file, without a log beside it.
    database.pragma('journal_mode = DELETE');
    writeManifest(database, manifest);
    database.run('UPDATE marker SET clean = 1');
  } finally {
    database.close();
  }
}

function publish(draft: string, file: string): void {
  const descriptor = openSync(draft, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
  } catch (cause) {
    if (existsSync(file)) throw exists(file);
    throw new MooringError(
      'DB_OPEN',
      'Cannot write the backup: its folder takes no new name; a writable one is wanted',
      {
        place: { file },
        cause,
      },
    );
  }
  syncFolder(dirname(file));
}

function exists(file: string): MooringError {
  const message = 'Cannot write the backup: a file of that name is there; a free name is wanted';
  return new MooringError('BACKUP_EXISTS', message, {
    place: { file },
    hint: 'A backup never takes the place of an older one: name it by its date.',
  });
}
