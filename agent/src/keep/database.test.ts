import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { DiskHealth } from './disk-health.ts';
import { Outbox } from './outbox.ts';
import { temporaryFolder } from './temporary-folder.fake.ts';

const opened = (file: string) => {
  const { database, setAside } = openDatabase(file);
  const outbox = new Outbox(database, new DiskHealth({ nowMs: () => 0, probe: () => undefined }));
  return { database, setAside, outbox };
};

describe('the database', () => {
  test('is the same one when it is opened again', () => {
    const file = join(temporaryFolder(), 'agent.db');
    const first = opened(file);
    first.database.close();
    const second = opened(file);
    expect(second).toMatchObject({ setAside: false, outbox: { id: first.outbox.id } });
    second.database.close();
  });

  test.each([
    ['is garbage', () => Buffer.alloc(20_000, 0xa5)],
    [
      'lost its pages',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xa5)]),
    ],
  ])('that %s is set aside whole, and a new outbox is born', (_, damage) => {
    const file = join(temporaryFolder(), 'agent.db');
    const first = opened(file);
    first.database.close();
    const damaged = damage(readFileSync(file));
    writeFileSync(file, damaged);
    const second = opened(file);
    expect(second.setAside).toBe(true);
    expect(second.outbox.id).not.toBe(first.outbox.id);
    second.database.close();
    expect(readFileSync(`${file}.damaged`)).toEqual(damaged);
    expect(existsSync(`${file}.damaged-wal`)).toBe(false);
  });

  test('writes all of what belongs together, or nothing', () => {
    const { database } = opened(join(temporaryFolder(), 'agent.db'));
    const failing = () =>
      database.together(() => {
        database.run("INSERT INTO meta VALUES ('a', 'b')");
        throw new Error('in between');
      });
    expect(failing).toThrow('in between');
    expect(database.one("SELECT * FROM meta WHERE name = 'a'")).toBeUndefined();
    database.close();
  });

  test('of a folder that is not there takes nothing', () => {
    const file = join(temporaryFolder(), 'gone', 'agent.db');
    expect(() => openDatabase(file)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/DISK_FULL|INTERNAL/) }),
    );
  });
});
