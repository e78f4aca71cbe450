import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { DiskHealth } from './disk-health.ts';
import { lockFolder, lockHolder } from './lock.ts';
import { openKeep } from './open-keep.ts';
import { temporaryFolder } from './temporary-folder.fake.ts';

const nowMs = () => 7;
const refused = (code: string) => expect.objectContaining({ code });

describe('the folder of an agent', () => {
  test('is opened with nothing in it, and is its own', () => {
    const data = join(temporaryFolder(), 'new');
    const keep = openKeep(data, { nowMs });
    expect(keep.accepted.read()).toEqual({ kind: 'none' });
    expect(keep).toMatchObject({ recordLost: false, outbox: { size: 0 } });
    for (const folder of ['state', 'objects', 'content', 'trees', 'stacks'])
      expect(statSync(join(data, folder)).mode & 0o777, folder).toBe(0o700);
    keep.close();
  });

  test('belongs to one agent at a time, and the second is told which process has it', () => {
    const data = temporaryFolder();
    const first = openKeep(data, { nowMs });
    expect(() => openKeep(data, { nowMs })).toThrow(refused('STATE_LOCKED'));
    expect(() => openKeep(data, { nowMs })).toThrow(`process ${process.pid} uses ${data}`);
    expect(lockHolder(data)).toBe(String(process.pid));
    first.close();
    expect(lockHolder(data)).toBeUndefined();
    openKeep(data, { nowMs }).close();
  });

  test('stays with the first when the second has given up', () => {
    const data = temporaryFolder();
    const first = openKeep(data, { nowMs });
    for (const _ of [1, 2]) expect(() => openKeep(data, { nowMs })).toThrow(refused('STATE_LOCKED'));
    expect(readFileSync(join(data, 'agent.pid'), 'utf8')).toBe(`${process.pid}\n`);
    first.close();
  });

  test('is free again when the process that had it is killed', async () => {
    const data = temporaryFolder();
    const script = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
      lockFolder(process.argv[1]); console.log('locked'); setInterval(() => 0, 1000);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script, data], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    expect(() => lockFolder(data)).toThrow(`process ${other.pid} uses`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    lockFolder(data).release();
  });

  test('is given back when it cannot be opened', () => {
    const data = temporaryFolder();
    writeFileSync(join(data, 'content'), 'a file where a folder is to be');
    expect(() => openKeep(data, { nowMs })).toThrow(MooringError);
    lockFolder(data).release();
  });

  test('with a damaged database begins a new record and keeps what was accepted', () => {
    const data = temporaryFolder();
    mkdirSync(join(data, 'state'));
    writeFileSync(join(data, 'agent.db'), Buffer.alloc(10_000, 0xa5));
    const keep = openKeep(data, { nowMs });
    expect(keep.recordLost).toBe(true);
    expect(existsSync(join(data, 'agent.db.damaged'))).toBe(true);
    keep.close();
  });
});

describe('the health of the disk', () => {
  const full = new MooringError('DISK_FULL', 'Cannot write: it is full; room is wanted', { hint: 'Make room.' });
  const failing = () => {
    throw full;
  };

  test('is a problem from the first failed write until a write of a real size works', () => {
    let clock = 5;
    let probe = failing;
    const health = new DiskHealth({ nowMs: () => clock, probe: () => probe() });
    expect(health.attempt(failing)).toBe(false);
    clock = 9;
    expect(health.attempt(failing)).toBe(false);
    expect(health.problem).toEqual({ code: 'DISK_FULL', message: full.message, hint: 'Make room.', sinceMs: 5n });
    expect(health.attempt(() => undefined)).toBe(true);
    expect(health.problem?.code).toBe('DISK_FULL');
    expect(health.check()).toBe(false);
    probe = () => undefined as never;
    expect([health.check(), health.problem?.code]).toEqual([false, 'DISK_FULL']);
    clock += 5_000;
    expect([health.check(), health.problem]).toEqual([true, undefined]);
    expect(health.check()).toBe(false);
  });

  test('stays a problem while what waited for room cannot be written', () => {
    let clock = 0;
    const health = new DiskHealth({ nowMs: () => clock, probe: () => undefined });
    health.failed(full);
    expect(health.check(failing)).toBe(false);
    expect(health.problem?.code).toBe('DISK_FULL');
    clock -= 60_000;
    expect(health.check()).toBe(true);
  });

  test('stays a problem once the database is found damaged', () => {
    const health = new DiskHealth({ nowMs, probe: () => undefined });
    health.failed(new MooringError('STATE_CORRUPT', 'Cannot read: damaged; sound'));
    expect(health.attempt(() => undefined)).toBe(true);
    expect(health.check()).toBe(false);
    expect(health.problem?.code).toBe('STATE_CORRUPT');
  });

  test('tells any other failure to whoever writes', () => {
    const health = new DiskHealth({ nowMs, probe: () => undefined });
    expect(() =>
      health.attempt(() => {
        throw new TypeError('a mistake');
      }),
    ).toThrow('a mistake');
    expect(health.problem).toBeUndefined();
  });
});
