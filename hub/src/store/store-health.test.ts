import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import type { Timers } from '../timers.ts';
import { probeDisk, StoreHealth } from './store-health.ts';
import type { WriteQueue } from './write-queue.ts';

const full = new MooringError('DB_FULL', 'Cannot use the database: it is full; room is wanted', {
  hint: 'Free space.',
});

/** Time that passes when the test says so. */
function manual(): { timers: Timers; pass: () => Promise<void> } {
  let due: (() => void)[] = [];
  const timers: Timers = {
    monotonicMs: () => 0,
    after: (_, run) => {
      due.push(run);
      return () => {
        due = due.filter((other) => other !== run);
      };
    },
  };
  const pass = async () => {
    for (const run of due.splice(0)) run();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { timers, pass };
}

function failing(error: Error | undefined): Pick<WriteQueue, 'write'> {
  return { write: () => (error === undefined ? (Promise.resolve(undefined) as never) : Promise.reject(error)) };
}

describe('the health of the store', () => {
  test('is a problem from the first write that fails for want of room until a write of a real size works', async () => {
    const { timers, pass } = manual();
    let probe: Error | undefined = full;
    let nowMs = 7;
    const probing = () => (probe === undefined ? Promise.resolve() : Promise.reject(probe));
    const health = new StoreHealth({ clock: () => nowMs, timers, probe: probing });
    const write = (error?: Error) => health.watch(failing(error)).write('prune', { nowMs: 0 });
    await expect(write(full)).rejects.toBe(full);
    nowMs = 9;
    await expect(write(full)).rejects.toBe(full);
    const problem = { code: 'DB_FULL', message: full.message, hint: 'Free space.', sinceMs: 7n };
    expect(health.problem).toEqual(problem);
    await write();
    await pass();
    expect(health.problem).toEqual(problem);
    probe = undefined;
    await pass();
    expect(health.problem).toBeUndefined();
    health.close();
  });

  test('says nothing of writes that were refused for another reason', async () => {
    const { timers } = manual();
    const health = new StoreHealth({ clock: () => 0, timers, probe: () => Promise.resolve() });
    const refused = new MooringError('HOST_UNKNOWN', 'Cannot store: no such host; one that joined is wanted');
    await expect(health.watch(failing(refused)).write('prune', { nowMs: 0 })).rejects.toBe(refused);
    expect(health.problem).toBeUndefined();
    health.close();
  });
});

describe('a probe of the disk', () => {
  test('leaves nothing behind, and fails where nothing can be written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mooring-probe-'));
    await probeDisk(join(folder, 'hub.db'));
    expect(existsSync(join(folder, 'hub.db.probe'))).toBe(false);
    await expect(probeDisk(join(folder, 'missing', 'hub.db'))).rejects.toThrow('ENOENT');
    rmSync(folder, { recursive: true });
  });
});
