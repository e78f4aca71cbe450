import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import * as z from 'zod';
import { fleetPaths } from '../enrol/fleet-paths.ts';
import { rowDigest } from '../store/row-digest.ts';
import type { Sqlite } from '../store/sqlite.ts';

/** What neither Git nor the agents bring back once a hub is lost: a backup, or nobody, has it. In the README word for word. */
export const CANNOT_BE_REBUILT: readonly string[] = [
  'users, their roles and their certificates',
  'revocations of hosts and users, and which keys have ended',
  'open invitations',
  'events that the hub had stored: agents keep only those that it had not',
  'decisions on commits, refused ones and rewritten histories among them: agents tell only what they run',
];

/** Keys without which no hub of the fleet can start. None of them is ever in a backup: it says which it needs. */
const NEEDED_KEYS = ['ca.key', 'hub.key', 'assignment.key', 'object.secret', 'data.secret', 'hub.nk'] as const;
/** Needed only for new signing keys; may be kept elsewhere. */
const OPTIONAL_KEYS = ['root.key'] as const;
/** Certificates beside them. */
export const PUBLIC_FILES = ['ca.crt', 'hub.crt'] as const;

const KEY = z.strictObject({ name: z.string(), fingerprint: z.string(), needed: z.boolean() });
const MANIFEST = z.strictObject({
  format: z.literal(1),
  fleetId: z.string(),
  madeAtMs: z.int(),
  hubVersion: z.string(),
  schema: z.int(),
  keys: z.array(KEY),
  cannotBeRebuilt: z.array(z.string()),
  /** fleet.json, as it was. */
  fleet: z.string(),
  /** trust.json, base64. */
  trust: z.string(),
});

/** What a backup says of itself. */
export type Manifest = z.infer<typeof MANIFEST>;

/** A key that a backup needs beside it. */
export type KeyName = Manifest['keys'][number];

/** The table that tells a backup from a database in use. */
export const MANIFEST_TABLE = 'backup_manifest';

/** Writes the manifest into a copy of a database. */
export function writeManifest(database: Sqlite, manifest: Manifest): void {
  const text = JSON.stringify(manifest);
  database.exec(`CREATE TABLE ${MANIFEST_TABLE} (text TEXT NOT NULL, digest BLOB NOT NULL) STRICT`);
  database.run(`INSERT INTO ${MANIFEST_TABLE} VALUES (?, ?)`, text, rowDigest(text));
}

/** Reads it again. Throws BACKUP_FORMAT for a database that is no backup, DB_ROW_DIGEST where it is not as it was written. */
export function readManifest(database: Sqlite, file: string): Manifest {
  const there = database.one('SELECT 1 FROM sqlite_schema WHERE name = ?', MANIFEST_TABLE);
  if (there === undefined) throw noBackup(file, 'it is a database without a manifest');
  const row = database.one<{ text: string; intact: number }>(
    `SELECT text, digest IS digest_of(text) AS intact FROM ${MANIFEST_TABLE}`,
  );
  if (row?.intact !== 1) throw noBackup(file, 'its manifest is not as it was written');
  const parsed = MANIFEST.safeParse(JSON.parse(row.text));
  if (!parsed.success) throw noBackup(file, 'its manifest is of another format');
  return parsed.data;
}

/** A file that `mooring backup` did not write, or not like this. */
export function noBackup(file: string, what: string): MooringError {
  return new MooringError('BACKUP_FORMAT', `Cannot use the backup: ${what}; a file of \`mooring backup\` is wanted`, {
    place: { file },
    hint: 'Take an older backup; what happened since comes from Git and the agents.',
  });
}

/** The keys of a folder by their fingerprints, from which no key can be told. */
export function keysIn(folder: string): KeyName[] {
  const names = [...NEEDED_KEYS, ...OPTIONAL_KEYS].filter((name) => existsSync(join(folder, name)));
  return names.map((name) => ({
    name,
    fingerprint: fingerprint(readFileSync(join(folder, name))),
    needed: (NEEDED_KEYS as readonly string[]).includes(name),
  }));
}

function fingerprint(key: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from('mooring.v1.backup-key\n'), key]), 'hex');
}

/** The documents of a fleet's folder that are in each backup. */
export function documentsOf(data: string): Pick<Manifest, 'fleet' | 'trust'> {
  const paths = fleetPaths(data);
  return { fleet: readFileSync(paths.fleet, 'utf8'), trust: readFileSync(paths.trust).toString('base64') };
}
