import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { objectRecord } from './assignment.fake.ts';
import { createStore, openStore } from './open-store.ts';
import { MIGRATIONS } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { MAX_WAITING_WRITES } from './write-queue.ts';

let folder: string;
let file: string;
const options = (fleetId = 'fleet-a') => ({ file, fleetId, clock: () => 1 });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-store-'));
  file = join(folder, 'hub.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

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
});
