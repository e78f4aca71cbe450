import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Event } from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assignmentRecord, objectRecord } from './assignment.fake.ts';
import { CHECKPOINT_BYTES } from './log-keeper.ts';
import { createStore, openStore } from './open-store.ts';
import { MIGRATIONS } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { joinHost } from './temporary-store.fake.ts';
import { MAX_WAITING_WRITES } from './write-queue.ts';

let folder: string;
let file: string;
const options = (fleetId = 'fleet-a') => ({ file, fleetId, clock: () => 1 });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-store-'));
  file = join(folder, 'hub.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

const USER = {
  identityId: 'one',
  role: 'viewer',
  spkiHash: 'aa',
  createdAtMs: 1,
  expiresAtMs: 2,
  revokedAtMs: 0,
} as const;
const REVISION = {
  subject: 'first',
  author: 'Ada',
  committedAtMs: 1,
  decidedAtMs: 1,
  verdict: 1,
  problems: [],
  warnings: [],
  classesRendered: 0,
  objectsPublished: 0,
  assignmentsIssued: 0,
} as const;

/** Changes a closed database by plain SQL, as somebody with the file could. */
function alter(sql: string): void {
  const database = openSqlite(file, 'create');
  database.exec(sql);
  database.close();
}

const BAD_FILES: readonly (readonly [what: string, make: () => void, code: string])[] = [
  ['a missing file', () => undefined, 'DB_OPEN'],
  ['a folder', () => mkdirSync(file), 'DB_OPEN'],
  ['a file of zero bytes', () => writeFileSync(file, ''), 'DB_EMPTY'],
  ['a text file', () => writeFileSync(file, 'This is a letter and no database. '.repeat(200)), 'DB_NOT_A_DATABASE'],
  ['an empty database', () => alter('PRAGMA user_version = 1; PRAGMA user_version = 0;'), 'DB_EMPTY'],
  ['a database of another application', () => alter('CREATE TABLE notes (text TEXT)'), 'DB_WRONG_APPLICATION'],
  [
    'a database without marker',
    () => {
      createStore(options());
      alter('DELETE FROM marker');
    },
    'DB_EMPTY',
  ],
  ['a database of another fleet', () => createStore(options('fleet-b')), 'FLEET_MISMATCH'],
  [
    'a database of a newer hub',
    () => {
      createStore(options());
      alter(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    },
    'DB_NEWER',
  ],
  [
    'a truncated database',
    () => {
      createStore(options());
      truncateSync(file, 3 * 4096);
    },
    'DB_CORRUPT',
  ],
  [
    'an overwritten page',
    () => {
      createStore(options());
      const bytes = readFileSync(file);
      bytes.fill(0xee, 4 * 4096, 5 * 4096);
      writeFileSync(file, bytes);
    },
    'DB_CORRUPT',
  ],
  [
    'a database with a trigger that the hub never made',
    () => {
      createStore(options());
      alter('CREATE TRIGGER evil AFTER INSERT ON events BEGIN DELETE FROM hosts; END');
    },
    'DB_SCHEMA',
  ],
];

test.each(BAD_FILES)('%s is refused and stays as it is', async (_what, make, code) => {
  make();
  const before = code === 'DB_OPEN' ? undefined : readFileSync(file);
  await expect(openStore(options())).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^Cannot .+: .+; .+/),
  });
  if (before !== undefined) expect(readFileSync(file).equals(before)).toBe(true);
});

test('a second hub on the same database is refused with the process that has it, and may start afterwards', async () => {
  createStore(options());
  const first = await openStore(options());
  await expect(openStore(options())).rejects.toMatchObject({
    code: 'DB_LOCKED',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await first.close();
  await (await openStore(options())).close();
});

test('a database is never created over another', () => {
  createStore(options());
  expect(() => createStore(options())).toThrow(expect.objectContaining({ code: 'FLEET_EXISTS' }));
});

test('a bit that flipped inside an object is noticed when it is read', async () => {
  createStore(options());
  const record = objectRecord('some ciphertext');
  const first = await openStore(options());
  await first.putObjects([record]);
  await first.close();
  alter("UPDATE objects SET ciphertext = CAST('some ciphertexT' AS BLOB)");
  const second = await openStore(options());
  expect(() => second.object(record.object)).toThrow(expect.objectContaining({ code: 'DB_ROW_DIGEST' }));
  await second.close();
});

test('writes after closing are refused', async () => {
  createStore(options());
  const store = await openStore(options());
  await store.close();
  await expect(store.removeHost('web-1')).rejects.toMatchObject({ code: 'DB_WRITER' });
});

test('more writes than may wait are refused at once, and those that wait are stored', async () => {
  createStore(options());
  const store = await openStore(options());
  const draft = { kind: 'hub.test', severity: 1, message: 'Told.' } as const;
  const outcomes = await Promise.allSettled(
    Array.from({ length: MAX_WAITING_WRITES + 5 }, () => store.addHubEvent(draft)),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(5);
  expect(refused[0]).toMatchObject({ reason: { code: 'RATE_LIMITED' } });
  expect(store.newestCursor()).toBe(BigInt(MAX_WAITING_WRITES));
  await store.close();
}, 60_000);

/** Rows that nothing brings back, each with a change of one value that SQLite takes for good. */
const DAMAGED: readonly (readonly [row: string, sql: string])[] = [
  ['web-1 of table hosts', "UPDATE hosts SET revoked_at_ms = 0, spki_hash = '02' WHERE name = 'web-1'"],
  ['invitation-of-web-1 of table invitations', 'UPDATE invitations SET used_at_ms = 0'],
  ['alice of table users', "UPDATE users SET role = 'admin'"],
  ['02 of table ended_keys', "UPDATE ended_keys SET host = 'web-2' WHERE spki_hash = '02'"],
  ['web-1 of table assignments', 'UPDATE assignments SET objects = \'["x"]\''],
  ['web-1 5 of table assignment_history', 'UPDATE assignment_history SET revision = 9'],
  ['1 of table revisions', 'UPDATE revisions SET verdict = 2'],
  ['2 of table events', 'UPDATE events SET severity = 1 WHERE cursor = 2'],
  ['web-1 outbox of table outboxes', 'UPDATE outboxes SET sequence = 7'],
];

test.each(DAMAGED)('a database whose row %s was changed is refused by that name', async (row, sql) => {
  createStore(options());
  const store = await openStore(options());
  await joinHost(store, 'web-1', 1);
  await store.updateHost('web-1', { nextSpkiHash: '02' });
  await store.updateHost('web-1', { nextSpkiHash: '' });
  await store.putUser({ ...USER, name: 'alice' });
  await store.addRevision({ ...REVISION, commit: 'c0ffee' });
  await store.putAssignments([assignmentRecord({ host: 'web-1', generation: 5n })]);
  await store.addHubEvent({ kind: 'hub.test', severity: 1, message: 'One.' });
  await store.addEvents('web-1', 'outbox', [{ ...Event.create(), sequence: 1n, severity: 4, message: 'Two.' }]);
  await store.close();
  await (await openStore(options())).close();
  alter(sql);
  await expect(openStore(options())).rejects.toMatchObject({
    code: 'DB_ROW_DIGEST',
    message: expect.stringContaining(`row ${row}: `),
    hint: expect.stringContaining('mooring restore'),
  });
});

/** A database as kill -9 leaves it: some of it stands only in the log. */
async function killed(path = file): Promise<void> {
  createStore({ ...options(), file: path });
  const store = await openStore({ ...options(), file: path });
  await store.addHubEvent({ kind: 'hub.test', severity: 1, message: 'Only in the log.' });
  for (const rest of ['', '-wal']) copyFileSync(`${path}${rest}`, `${path}.copy${rest}`);
  await store.close();
  for (const rest of ['', '-wal']) renameSync(`${path}.copy${rest}`, `${path}${rest}`);
}

test('a database opens with the log that a killed hub left, and what was acknowledged is there', async () => {
  await killed();
  for (let start = 0; start < 3; start++) {
    const store = await openStore(options());
    expect(store.newestCursor()).toBe(BigInt(start + 1));
    await store.addHubEvent({ kind: 'hub.test', severity: 1, message: 'More.' });
    await store.close();
  }
});

const BAD_LOGS: readonly (readonly [what: string, spoil: () => Promise<void>])[] = [
  ['gone', async () => rmSync(`${file}-wal`)],
  ['cut to nothing', async () => truncateSync(`${file}-wal`, 0)],
  [
    'that of another fleet',
    async () => {
      const other = join(folder, 'other.sqlite');
      createStore({ ...options('fleet-b'), file: other });
      const store = await openStore({ ...options('fleet-b'), file: other });
      await store.addHubEvent({ kind: 'hub.test', severity: 1, message: 'Of fleet b.' });
      copyFileSync(`${other}-wal`, `${file}-wal`);
      await store.close();
    },
  ],
  [
    'that of another time',
    async () => {
      const [main, log] = [readFileSync(file), readFileSync(`${file}-wal`)];
      for (let start = 0; start < 2; start++) {
        const store = await openStore(options());
        await store.addHubEvent({ kind: 'hub.test', severity: 1, message: 'Later.' });
        await store.close();
      }
      expect(readFileSync(file).equals(main)).toBe(false);
      writeFileSync(`${file}-wal`, log);
    },
  ],
];

test.each(BAD_LOGS)('a database whose log is %s is refused, and both files stay as they are', async (_what, spoil) => {
  await killed();
  await spoil();
  const before = [file, `${file}-wal`].map((path) =>
    statSync(path, { throwIfNoEntry: false }) ? readFileSync(path) : '',
  );
  await expect(openStore(options())).rejects.toMatchObject({
    code: 'DB_WAL_MISMATCH',
    hint: expect.stringContaining('mooring restore'),
  });
  const after = [file, `${file}-wal`].map((path) =>
    statSync(path, { throwIfNoEntry: false }) ? readFileSync(path) : '',
  );
  expect(after).toEqual(before);
});

test('the log stays small however much is written', async () => {
  createStore(options());
  const store = await openStore(options());
  const message = 'x'.repeat(2000);
  let largest = 0;
  for (let round = 0; round < 30; round++) {
    await Promise.all(Array.from({ length: 400 }, () => store.addHubEvent({ kind: 'hub.test', severity: 1, message })));
    largest = Math.max(largest, statSync(`${file}-wal`).size);
  }
  expect(statSync(file).size).toBeGreaterThan(3 * CHECKPOINT_BYTES);
  expect(largest).toBeLessThan(2 * CHECKPOINT_BYTES);
  await store.close();
  const again = await openStore(options());
  expect(again.newestCursor()).toBe(12_000n);
  await again.close();
}, 60_000);
