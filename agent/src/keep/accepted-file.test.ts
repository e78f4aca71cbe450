import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '@mooring/proto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Accepted, AcceptedFile } from './accepted-file.ts';
import { FailingDisk, PowerCut, systemError } from './disk.fake.ts';
import { REAL_DISK } from './disk.ts';
import { temporaryFolder } from './temporary-folder.fake.ts';

function accepted(generation: bigint): Accepted {
  const envelope = Buffer.from(`envelope of ${generation}`);
  return { generation, digest: digestOf(envelope), envelope };
}

function opened(disk = new FailingDisk()) {
  const folder = temporaryFolder();
  const file = new AcceptedFile(folder, disk);
  const newest = join(folder, 'accepted');
  return { folder, file, disk, newest, previous: join(folder, 'accepted.prev') };
}

const refused = (code: string) => expect.objectContaining({ code });

describe('the accepted file', () => {
  test('says none where nothing was ever accepted', () => {
    expect(opened().file.read()).toEqual({ kind: 'none' });
  });

  test('gives back what was written, in a file that nobody else may read', () => {
    const { file, newest } = opened();
    file.write(accepted(5n));
    expect(file.read()).toEqual({ kind: 'accepted', accepted: accepted(5n) });
    expect(statSync(newest).mode & 0o777).toBe(0o600);
  });

  test('keeps one predecessor, and no draft', () => {
    const { file, folder, newest } = opened();
    for (const generation of [5n, 6n, 7n]) file.write(accepted(generation));
    expect(readdirSync(folder).sort()).toEqual(['accepted', 'accepted.prev']);
    rmSync(newest);
    expect(file.read()).toEqual({ kind: 'previous', accepted: accepted(6n) });
  });

  const damages: Record<string, (path: string) => void> = {
    'is empty': (path) => writeFileSync(path, ''),
    'is cut': (path) => writeFileSync(path, readFileSync(path).subarray(0, 60)),
    'is garbage': (path) => writeFileSync(path, Buffer.alloc(300, 0xa5)),
    'is other JSON': (path) => writeFileSync(path, '[]'),
    'names a higher generation than was written': (path) => edit(path, { generation: '9' }),
    'holds another envelope': (path) => edit(path, { envelope: Buffer.from('evil').toString('base64') }),
    'lacks its checksum': (path) => edit(path, { checksum: undefined }),
  };

  test.each(Object.entries(damages))('that %s gives way to the one before, and is lost without one', (_, damage) => {
    const { file, newest, previous } = opened();
    for (const generation of [5n, 6n]) file.write(accepted(generation));
    damage(newest);
    expect(file.read()).toEqual({ kind: 'previous', accepted: accepted(5n) });
    damage(previous);
    expect(file.read()).toEqual({ kind: 'lost' });
  });

  test('that is damaged never replaces the sound one before', () => {
    const { file, newest } = opened();
    for (const generation of [5n, 6n]) file.write(accepted(generation));
    writeFileSync(newest, 'garbage');
    file.write(accepted(7n));
    writeFileSync(newest, 'garbage');
    expect(file.read()).toEqual({ kind: 'previous', accepted: accepted(5n) });
  });

  test('that cannot be read is lost and not none', () => {
    const { file, newest } = opened();
    file.write(accepted(5n));
    rmSync(newest);
    // A folder in its place: reading it fails for everybody, root too.
    mkdirSync(newest);
    expect(file.read()).toEqual({ kind: 'lost' });
  });

  test.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EROFS', 'DISK_FULL'],
    ['EIO', 'DISK_FULL'],
    ['EMFILE', 'INTERNAL'],
  ])('refuses the new one as a whole when the disk says %s, and the old one still counts', (code, expected) => {
    const { file, disk, folder } = opened();
    file.write(accepted(5n));
    disk.remaining = 0;
    disk.failure = systemError(code);
    expect(() => file.write(accepted(6n))).toThrow(refused(expected));
    expect(file.read()).toEqual({ kind: 'accepted', accepted: accepted(5n) });
    expect(readdirSync(folder)).not.toContain('accepted.new');
  });

  test('holds the old or the new one after a power cut between any two calls, and never a lower one', () => {
    const undisturbed = opened();
    for (const generation of [5n, 6n]) undisturbed.file.write(accepted(generation));
    const first = undisturbed.disk.calls;
    undisturbed.file.write(accepted(7n));
    const calls = undisturbed.disk.calls - first;
    expect(calls).toBeGreaterThanOrEqual(4);
    for (let remaining = 0; remaining < calls; remaining += 1) {
      const { file, disk, folder } = opened();
      for (const generation of [5n, 6n]) file.write(accepted(generation));
      disk.remaining = remaining;
      disk.failure = new PowerCut();
      expect(() => file.write(accepted(7n))).toThrow();
      const read = new AcceptedFile(folder, REAL_DISK).read();
      expect(read, `after ${remaining} calls`).toMatchObject({ kind: 'accepted' });
      expect([6n, 7n]).toContain('accepted' in read ? read.accepted.generation : 0n);
    }
  });

  test('only grows across restarts and torn writes', async () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), calls: fc.integer({ min: 0, max: 6 }) }),
      fc.record({ kind: fc.constant('restart' as const), calls: fc.constant(0) }),
    );
    await fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const { folder } = opened();
        let mark = 0n;
        let next = 1n;
        for (const { kind, calls } of events) {
          const disk = new FailingDisk();
          const file = new AcceptedFile(folder, disk);
          const before = file.read();
          const seen = 'accepted' in before ? before.accepted.generation : 0n;
          expect(seen >= mark).toBe(true);
          mark = seen;
          if (kind === 'restart') continue;
          disk.remaining = calls;
          try {
            file.write(accepted(next));
            mark = next;
          } catch (error) {
            expect(error).toMatchObject({ code: 'DISK_FULL' });
          }
          next += 1n;
        }
      }),
      { numRuns: 60 },
    );
  });
});

function edit(path: string, change: Record<string, unknown>): void {
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }));
}
