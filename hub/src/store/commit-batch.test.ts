import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitBatch } from './commit-batch.ts';
import { EVENT_RETENTION_MS, PRUNE_BATCH_ROWS } from './retention.ts';
import { migrate } from './schema.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';
import type { Write } from './write.ts';

let database: Sqlite;

beforeEach(() => {
  database = openSqlite(':memory:', 'create');
  migrate(database);
});
afterEach(() => database.close());

function events(count: number, bytes = 10, storedAtMs = 1): Write<'addEvents'> {
  const row = { sequence: 0, stack: '', severity: 1, body: new Uint8Array(bytes) };
  return { kind: 'addEvents', takes: { host: '', outboxId: '', events: Array(count).fill(row), storedAtMs } };
}

const stored = () => database.one<{ count: number }>('SELECT count(*) AS count FROM events')?.count;

test('a batch on a full disk fails with DB_FULL, stores nothing of what failed, and the next one works once there is room', () => {
  const pages = Number(database.pragma('page_count'));
  database.pragma(`max_page_count = ${pages + 4}`);
  const outcomes = commitBatch(database, [events(1), events(1, 1_000_000)]);
  expect(outcomes[1]).toMatchObject({ failure: { code: 'DB_FULL' } });
  const kept = outcomes.filter((outcome) => 'answer' in outcome).length;
  expect(stored()).toBe(kept);
  database.pragma(`max_page_count = ${pages + 10_000}`);
  expect(commitBatch(database, [events(1, 1_000_000)])[0]).toHaveProperty('answer');
  expect(stored()).toBe(kept + 1);
});

test('a refused write leaves nothing behind of what it had begun', () => {
  const record = {
    host: 'nobody',
    ciphertext: new Uint8Array(),
    object: 'sha256:x',
    plainDigest: '',
    plainSize: 0,
    stack: '',
  };
  const twice: Write<'putObjects'> = {
    kind: 'putObjects',
    // The second row breaks NOT NULL after the first was written.
    takes: {
      records: [record, { ...record, object: null as unknown as string, plainDigest: null as unknown as string }],
      storedAtMs: 1,
    },
  };
  const outcomes = commitBatch(database, [twice, events(1)]);
  expect(outcomes[0]).toMatchObject({ failure: { code: 'INTERNAL' } });
  expect(outcomes[1]).toEqual({ answer: [1] });
  expect(database.all('SELECT * FROM objects')).toEqual([]);
});

test('pruning goes in bounded steps and tells whether more is left', () => {
  commitBatch(database, [events(PRUNE_BATCH_ROWS + 5, 1, 1), events(3, 1, EVENT_RETENTION_MS)]);
  const prune: Write<'prune'> = { kind: 'prune', takes: { nowMs: EVENT_RETENTION_MS + 2 } };
  expect(commitBatch(database, [prune])).toEqual([{ answer: true }]);
  expect(stored()).toBe(8);
  expect(commitBatch(database, [prune])).toEqual([{ answer: false }]);
  expect(stored()).toBe(3);
});
