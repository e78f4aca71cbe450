import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Event } from '@mooring/proto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Fleet } from '../enrol/fleet.ts';
import { initFleet } from '../enrol/init-fleet.ts';
import { assignmentRecord, objectRecord } from '../store/assignment.fake.ts';
import { createStore, openStore } from '../store/open-store.ts';
import { openSqlite } from '../store/sqlite.ts';
import { type Store, UNHEARD } from '../store/store.ts';
import { joinHost } from '../store/temporary-store.fake.ts';
import { makeBackup } from './make-backup.ts';
import { CANNOT_BE_REBUILT } from './manifest.ts';
import { restoreBackup } from './restore-backup.ts';
import { verifyBackup } from './verify-backup.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
let root: string;
let data: string;
let fleet: Fleet;
let folder: string;
let store: Store;

const keysOf = (of: string) => join(of, 'keys');
const backup = (name = 'one.backup') =>
  makeBackup({ data, target: join(folder, name), hubVersion: '0.1.0', nowMs: NOW });
const restore = (file: string, change: { keys?: string; data?: string } = {}) =>
  restoreBackup({ file, keys: keysOf(data), data: join(folder, 'again'), nowMs: NOW + 1, ...change });
const reopen = (of: string) => openStore({ file: join(of, 'hub.db'), fleetId: fleet.id, clock: () => NOW });

async function newFleet(name: string): Promise<{ data: string; fleet: Fleet }> {
  const at = join(root, name);
  const ports = { grpc: 1, join: 2, nats: 3 };
  return { data: at, fleet: await initFleet({ data: at, name, addresses: ['127.0.0.1'], ports, clock: () => NOW }) };
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'mooring-backup-'));
  ({ data, fleet } = await newFleet('one'));
  createStore({ file: join(data, 'hub.db'), fleetId: fleet.id, clock: () => NOW });
  store = await reopen(data);
  await joinHost(store, 'web-1', NOW);
  await store.updateHost('web-1', { revokedAtMs: NOW });
  await joinHost(store, 'web-2', NOW);
  await store.putObjects([objectRecord('bundle', 'shop')]);
  await store.putAssignments([assignmentRecord({ host: 'web-2', generation: 5n, stacks: { shop: 'one' } })]);
  await store.addEvents('web-2', 'outbox', [{ ...Event.create(), sequence: 3n, message: 'Told.' }]);
  const open = { secretHash: 'aa', host: 'web-3', labels: {}, expiresAtMs: NOW + 9, usedAtMs: 0, replace: false };
  await store.addInvitation({ ...open, id: 'open' });
}, 60_000);
afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a backup of a hub that runs and writes is one file that only its owner reads, and was read again', async () => {
  const writing = Array.from({ length: 200 }, (_, index) =>
    store.addHubEvent({ kind: 'hub.test', severity: 1, message: `While it is copied: ${index}` }),
  );
  const { file, bytes, manifest } = await backup();
  await Promise.all(writing);
  expect(readdirSync(folder)).toEqual(['one.backup']);
  expect([statSync(file).size, statSync(file).mode & 0o777]).toEqual([bytes, 0o600]);
  expect(verifyBackup(file)).toEqual(manifest);
});

test('a backup names the keys that it needs and holds none, and lists what cannot be rebuilt', async () => {
  const { file, manifest } = await backup();
  expect(manifest.keys.map(({ name, needed }) => [name, needed])).toEqual([
    ['ca.key', true],
    ['hub.key', true],
    ['assignment.key', true],
    ['object.secret', true],
    ['data.secret', true],
    ['hub.nk', true],
    ['root.key', false],
  ]);
  const bytes = readFileSync(file);
  for (const { name } of manifest.keys) {
    const key = readFileSync(join(keysOf(data), name));
    expect(bytes.includes(key), name).toBe(false);
    expect(bytes.includes(Buffer.from(key.toString('base64'))), name).toBe(false);
  }
  expect(manifest.cannotBeRebuilt).toEqual(CANNOT_BE_REBUILT);
  const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
  for (const line of CANNOT_BE_REBUILT) expect(readme).toContain(line);
});

test('a restored fleet has what the backup had, holds its assignments back until hosts are heard, and ends open invitations', async () => {
  const { file } = await backup();
  await restore(file);
  const again = await reopen(join(folder, 'again'));
  expect(again.hosts().map(({ name, revokedAtMs }) => [name, revokedAtMs])).toEqual([
    ['web-1', NOW],
    ['web-2', 0],
  ]);
  expect([...again.highWaters().values()]).toEqual([UNHEARD, UNHEARD]);
  expect(again.assignment('web-2')?.generation).toBe(5n);
  expect(again.storedSequence('web-2', 'outbox')).toBe(3n);
  expect([again.invitation('open'), again.invitation('invitation-of-web-2')?.usedAtMs]).toEqual([undefined, NOW]);
  expect(again.events({ limit: 1 })[0]).toMatchObject({
    kind: 'hub.restored',
    message: expect.stringContaining('2026-01-01T00:00:00.000Z'),
  });
  await again.close();
  expect(existsSync(join(folder, 'again', 'keys', 'root.key'))).toBe(true);
});

test('a backup is never written over another file', async () => {
  writeFileSync(join(folder, 'one.backup'), 'an older one');
  await expect(backup()).rejects.toMatchObject({ code: 'BACKUP_EXISTS', hint: expect.stringContaining('date') });
  expect(readFileSync(join(folder, 'one.backup'), 'utf8')).toBe('an older one');
});

test('a damaged database is not copied', async () => {
  const { file } = await backup();
  await restore(file);
  const damaged = join(folder, 'again');
  alter(join(damaged, 'hub.db'), "UPDATE hosts SET nkey = 'UXYZ' WHERE name = 'web-2'");
  const target = join(folder, 'two.backup');
  await expect(makeBackup({ data: damaged, target, hubVersion: '1', nowMs: NOW })).rejects.toMatchObject({
    code: 'DB_ROW_DIGEST',
    message: expect.stringContaining('web-2 of table hosts'),
  });
  expect(readdirSync(folder).sort()).toEqual(['again', 'one.backup']);
});

function alter(file: string, sql: string): void {
  const database = openSqlite(file, 'write');
  database.exec(sql);
  database.close();
}

const BAD_BACKUPS: readonly (readonly [what: string, spoil: (file: string) => void, code: string])[] = [
  ['cut short', (file) => truncateSync(file, statSync(file).size - 8192), 'DB_CORRUPT'],
  ['overwritten in the middle', (file) => overwrite(file, 6 * 4096), 'DB_CORRUPT'],
  ['no database', (file) => writeFileSync(file, 'A letter and no database. '.repeat(300)), 'DB_NOT_A_DATABASE'],
  ['a database in use', (file) => copyFileSync(join(data, 'hub.db'), file), 'BACKUP_FORMAT'],
  [
    'one with a changed row',
    (file) => alter(file, "UPDATE hosts SET revoked_at_ms = 0 WHERE name = 'web-1'"),
    'DB_ROW_DIGEST',
  ],
  [
    'one with a changed object',
    (file) => alter(file, "UPDATE objects SET ciphertext = CAST('x' AS BLOB)"),
    'DB_ROW_DIGEST',
  ],
  [
    'one with a changed manifest',
    (file) => alter(file, "UPDATE backup_manifest SET text = replace(text, 'users', 'losers')"),
    'BACKUP_FORMAT',
  ],
  [
    'one with a trigger',
    (file) => alter(file, 'CREATE TRIGGER evil AFTER INSERT ON events BEGIN DELETE FROM hosts; END'),
    'DB_SCHEMA',
  ],
  ['not there', (file) => rmSync(file), 'DB_OPEN'],
];

function overwrite(file: string, from: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xee, from, from + 4096);
  writeFileSync(file, bytes);
}

test.each(BAD_BACKUPS)('a backup that is %s is refused, and nothing is left behind', async (_what, spoil, code) => {
  const { file } = await backup();
  spoil(file);
  await expect(restore(file)).rejects.toMatchObject({ code, message: expect.stringMatching(/^Cannot .+: .+; .+/) });
  expect(readdirSync(folder).filter((name) => !name.startsWith('one.backup'))).toEqual([]);
});

test('a backup is not restored over what is there, nor with keys that are missing or of another fleet', async () => {
  const { file } = await backup();
  await expect(restore(file, { data })).rejects.toMatchObject({ code: 'FLEET_EXISTS' });
  const { data: other } = await newFleet(`other-${Date.now()}`);
  await expect(restore(file, { keys: keysOf(other) })).rejects.toMatchObject({
    code: 'FLEET_MISMATCH',
    message: expect.stringContaining('ca.key'),
  });
  const some = join(folder, 'some');
  mkdirSync(some);
  for (const name of readdirSync(keysOf(data)))
    if (name !== 'data.secret') copyFileSync(join(keysOf(data), name), join(some, name));
  await expect(restore(file, { keys: some })).rejects.toMatchObject({
    code: 'STATE_CORRUPT',
    message: expect.stringContaining('data.secret'),
    hint: expect.stringContaining('assignment.key'),
  });
  expect(readdirSync(folder).sort()).toEqual(['one.backup', 'some']);
});
