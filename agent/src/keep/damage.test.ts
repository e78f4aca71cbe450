import { digestOf } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { shop } from '../host.fake.ts';
import { ContentStore } from './content-store.ts';
import { DamageCheck } from './damage.ts';
import { FailingDisk, systemError } from './disk.fake.ts';
import { REAL_DISK } from './disk.ts';
import { temporaryFolder } from './temporary-folder.fake.ts';

const content = Buffer.from('server {}');
const digest = digestOf(content);
const mounts = [{ target: '/conf', readOnly: true, file: { digest, executable: false } }];

function opened(disk = new FailingDisk()) {
  const contents = new ContentStore(temporaryFolder(), disk);
  const { stacks } = shop({ services: { web: { spec: { mounts } } } });
  for (const { bundle } of stacks) contents.materialise(bundle, () => content);
  const path = contents.content(digest, false);
  const since = (nowMs: number) =>
    new DamageCheck({ contents, disk, nowMs: () => nowMs }).look(stacks).get(path)?.sinceMs ?? -1;
  return { path, since };
}

describe('since when a content is there', () => {
  test('is what the file system says', () => {
    const { path, since } = opened();
    expect(since(Date.now())).toBe(REAL_DISK.look(path)?.mtimeMs);
  });

  test('is unknown, and long ago, where a clock told it that was set back since; also when that clock has caught up', () => {
    const { since } = opened();
    expect(since(Date.now() - 3_600_000)).toBe(1_000);
    expect(since(Date.now())).toBe(1_000);
  });

  test('is unknown also on a disk that does not take a time', () => {
    const full = systemError('ENOSPC');
    class NoTimes extends FailingDisk {
      override setTime(): void {
        throw full;
      }
    }
    expect(opened(new NoTimes()).since(Date.now() - 3_600_000)).toBe(1_000);
  });
});
