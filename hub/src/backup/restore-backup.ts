import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Event, MooringError, Severity } from '@mooring/proto';
import { fleetPaths } from '../enrol/fleet-paths.ts';
import { FOLDER_MODE, PUBLIC_MODE, SECRET_MODE, syncFolder, writeNewFile } from '../enrol/key-files.ts';
import { openFleet } from '../enrol/open-fleet.ts';
import { checkDatabase } from '../store/check.ts';
import { toEventRow } from '../store/event-reads.ts';
import { addEvents } from '../store/event-writes.ts';
import { openSqlite, type Sqlite } from '../store/sqlite.ts';
import { UNHEARD } from '../store/store.ts';
import { keysIn, MANIFEST_TABLE, type Manifest, PUBLIC_FILES } from './manifest.ts';
import { verifyBackup } from './verify-backup.ts';

/** Mode of fleet.json, trust.json and the database. */
const DOCUMENT_MODE = 0o600;

/** What a hub is restored from. */
export interface RestoreOptions {
  readonly file: string;
  /** Folder with the fleet's keys, which no backup holds. */
  readonly keys: string;
  /** Folder of the fleet; must not exist, or be empty. */
  readonly data: string;
  readonly nowMs: number;
}

/**
 * Makes a fleet's folder from a backup and the fleet's keys: all or nothing, beside its place, then renamed. What hosts report is left out, since they
 * say it anew; until a host has said how far it is, nothing of the backup is sent to it. Open invitations end. Throws FLEET_EXISTS, FLEET_MISMATCH,
 * STATE_CORRUPT, BACKUP_FORMAT or DB_*.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Manifest> {
  const data = resolve(options.data);
  const manifest = verifyBackup(options.file);
  checkPlace(data);
  checkKeys(options.keys, manifest);
  mkdirSync(dirname(data), { recursive: true });
  const draft = mkdtempSync(join(dirname(data), `.${basename(data)}.restore-`));
  try {
    writeFolder(draft, options.keys, manifest);
    restoreDatabase(draft, manifest, options);
    await openFleet({ data: draft, clock: () => options.nowMs });
    checkPlace(data);
    renameSync(draft, data);
    syncFolder(dirname(data));
    return manifest;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

function checkPlace(data: string): void {
  if (!existsSync(data) || readdirSync(data).length === 0) return;
  throw new MooringError(
    'FLEET_EXISTS',
    `Cannot restore into ${data}: the folder holds files; an empty place is wanted`,
    {
      hint: 'Nothing is ever overwritten: move that folder away first, and keep it.',
    },
  );
}

function checkKeys(folder: string, { keys, fleetId }: Manifest): void {
  const given = new Map(keysIn(folder).map(({ name, fingerprint }) => [name, fingerprint]));
  for (const { name, fingerprint, needed } of keys) {
    const found = given.get(name);
    if (found === undefined && needed) {
      throw new MooringError(
        'STATE_CORRUPT',
        `Cannot restore fleet ${fleetId}: ${name} is not in ${folder}; all keys that the backup names are wanted`,
        {
          place: { file: join(folder, name) },
          hint: `It needs ${keys.map((key) => key.name).join(', ')}: the folder keys/ of the lost hub, from where you keep it.`,
        },
      );
    }
    if (found !== undefined && found !== fingerprint) {
      throw new MooringError(
        'FLEET_MISMATCH',
        `Cannot restore fleet ${fleetId}: ${name} in ${folder} is another key; that of the backup's fleet is wanted`,
        { place: { file: join(folder, name) }, hint: 'Give the keys of that very fleet with --keys.' },
      );
    }
  }
}

function writeFolder(draft: string, keys: string, manifest: Manifest): void {
  const paths = fleetPaths(draft);
  mkdirSync(paths.keys, { mode: FOLDER_MODE });
  for (const { name } of keysIn(keys))
    writeNewFile(join(paths.keys, name), readFileSync(join(keys, name)), SECRET_MODE);
  for (const name of PUBLIC_FILES) writeNewFile(join(paths.keys, name), readFileSync(join(keys, name)), PUBLIC_MODE);
  writeNewFile(paths.fleet, manifest.fleet, DOCUMENT_MODE);
  writeNewFile(paths.trust, Buffer.from(manifest.trust, 'base64'), DOCUMENT_MODE);
  syncFolder(paths.keys);
}

function restoreDatabase(draft: string, manifest: Manifest, { file, nowMs }: RestoreOptions): void {
  const copy = join(draft, 'hub.db');
  copyFileSync(file, copy);
  chmodSync(copy, DOCUMENT_MODE);
  const database = openSqlite(copy, 'write');
  try {
    database.exec(`DROP TABLE ${MANIFEST_TABLE}`);
    checkDatabase(database, copy, manifest.fleetId);
    database.exec('BEGIN IMMEDIATE');
    forget(database);
    tell(database, manifest, nowMs);
    database.exec('COMMIT');
    database.pragma('journal_mode = WAL');
  } finally {
    database.close();
  }
  syncFolder(draft);
}

/** What others know better than a backup does. */
function forget(database: Sqlite): void {
  for (const table of ['host_states', 'host_bodies', 'stack_states', 'stack_bodies', 'drift'])
    database.exec(`DELETE FROM ${table}`);
  database.run('UPDATE hosts SET high_water = ?', UNHEARD);
  // One that was used since would let a second machine in.
  database.run('DELETE FROM invitations WHERE used_at_ms = 0');
  database.run('UPDATE marker SET clean = 1');
}

function tell(database: Sqlite, { madeAtMs, hubVersion }: Manifest, nowMs: number): void {
  const made = new Date(madeAtMs).toISOString();
  const event: Event = {
    ...Event.create(),
    kind: 'hub.restored',
    severity: Severity.SEVERITY_WARNING,
    atMs: BigInt(nowMs),
    message: `The hub was restored from a backup of ${made} (hub ${hubVersion}): revocations since then are to be made again`,
  };
  addEvents(database, { host: '', outboxId: '', events: [toEventRow(event, '')], storedAtMs: nowMs });
}
