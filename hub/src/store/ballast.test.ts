import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BALLAST_BYTES, openBallast } from './ballast.ts';
import { createStore, openStore } from './open-store.ts';

test('ballast is laid in, given up once, and laid in again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-ballast-'));
  const ballast = openBallast(join(folder, 'hub.db'), 4096);
  expect([ballast.laid, ballast.release()]).toEqual([false, false]);
  expect(ballast.restore()).toBe(true);
  expect(statSync(join(folder, 'hub.db.ballast')).size).toBe(4096);
  expect(ballast.lacksRoom()).toBe(false);
  expect([ballast.release(), ballast.laid, ballast.release()]).toEqual([true, false, false]);
  expect(ballast.restore()).toBe(true);
  rmSync(folder, { recursive: true });
});

test('ballast that would fill the disk itself is not laid in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-ballast-'));
  const ballast = openBallast(join(folder, 'hub.db'), 2 ** 52);
  expect([ballast.restore(), ballast.laid, ballast.lacksRoom()]).toEqual([false, false, true]);
  rmSync(folder, { recursive: true });
});

test('an open store has its ballast beside it soon and no problem', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-ballast-'));
  const file = join(folder, 'hub.db');
  createStore({ file, fleetId: 'fleet' });
  const store = await openStore({ file, fleetId: 'fleet', clock: () => 1 });
  await expect.poll(() => existsSync(`${file}.ballast`), { timeout: 30_000 }).toBe(true);
  expect(statSync(`${file}.ballast`).size).toBe(BALLAST_BYTES);
  expect(store.problem()).toBeUndefined();
  await store.close();
  rmSync(folder, { recursive: true });
}, 60_000);
