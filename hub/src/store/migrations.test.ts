import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from './open-store.ts';
import { MIGRATIONS } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { FLEET } from './temporary-store.fake.ts';

/** Every schema that a released hub ever had, as its own hub wrote it. */
const VERSIONS = Array.from({ length: MIGRATIONS.length - 1 }, (_, index) => index + 1);

test.each(VERSIONS)('a database of schema %i is brought to today’s with everything in it', async (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-migration-'));
  const file = join(folder, 'hub.db');
  const old = openSqlite(file, 'create');
  old.exec(readFileSync(join(import.meta.dirname, 'dumps', `v${version}.sql`), 'utf8'));
  expect(Number(old.pragma('user_version'))).toBe(version);
  old.pragma('journal_mode = WAL');
  old.close();

  for (const opened of ['the first time', 'again']) {
    const store = await openStore({ file, fleetId: FLEET, clock: () => Date.parse('2026-01-01T00:00:00Z') });
    const hosts = store.hosts().map(({ name, revokedAtMs }) => [name, revokedAtMs !== 0]);
    expect(hosts, opened).toEqual([
      ['web-1', false],
      ['web-2', true],
    ]);
    expect(store.user('alice')).toMatchObject({ role: 'operator', spkiHash: 'a11ce' });
    expect(store.invitation('unused')).toMatchObject({ labels: { role: 'db', "o'k": 'x' }, replace: true });
    expect(store.assignment('web-1')).toMatchObject({ generation: 1767225600001n, revision: 1 });
    expect([...store.generationsFor(1)]).toEqual([['web-1', 1767225600001n]]);
    expect(store.acceptedRevision()).toMatchObject({ subject: 'first', assignmentsIssued: 1, issued: true });
    expect(store.events({ limit: 10 }).map(({ kind, lostBefore }) => [kind, lostBefore])).toEqual([
      ['revision.accepted', 0n],
      ['drift.found', 3n],
      ['container.created', 0n],
    ]);
    expect(store.storedSequence('web-1', 'outbox-a')).toBe(2n);
    expect(store.drift({ limit: 10, offset: 0 }).total).toBe(1);
    expect([...store.highWaters()]).toEqual([
      ['web-1', 0n],
      ['web-2', 0n],
    ]);
    await store.close();
  }
  rmSync(folder, { recursive: true });
});
