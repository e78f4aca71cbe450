import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { createStore, openStore } from './open-store.ts';

/** Appends one event after another and says each cursor once its promise resolved. */
const CHILD = `
  const [moduleUrl, file] = process.argv.slice(1);
  const { openStore } = await import(moduleUrl);
  const store = await openStore({ file, fleetId: 'fleet', clock: () => 1 });
  for (;;) {
    const drafts = Array.from({ length: 50 }, () => ({ kind: 'hub.test', severity: 1, message: 'x'.repeat(500) }));
    const stored = await Promise.all(drafts.map((draft) => store.addHubEvent(draft)));
    process.stdout.write(stored.at(-1).cursor + '\\n');
  }
`;

test('what was acknowledged before kill -9 is there afterwards, and the lock of the dead is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-store-'));
  const options = { file: join(folder, 'hub.sqlite'), fleetId: 'fleet', clock: () => 1 };
  createStore(options);
  const moduleUrl = new URL('./open-store.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, moduleUrl, options.file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = 0;
  try {
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line);
      if (acknowledged === 250) {
        await expect(openStore(options)).rejects.toMatchObject({ code: 'DB_LOCKED' });
      }
      if (acknowledged >= 500 && child.signalCode === null) child.kill('SIGKILL');
    }
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  const store = await openStore(options);
  expect(acknowledged).toBeGreaterThanOrEqual(500);
  expect(Number(store.newestCursor())).toBeGreaterThanOrEqual(acknowledged);
  expect(store.events({ limit: 1000 }).length).toBe(Number(store.newestCursor()));
  await store.close();
  rmSync(folder, { recursive: true });
});
