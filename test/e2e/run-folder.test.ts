import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finish, run } from '../support/run.ts';
import { loopDevices, removeRunFolder, sweep } from '../support/run-folder.ts';

/** A folder of the run of that process, with a disk of its own on a file. */
async function folderWithDisk(pid: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `mooring-test-${pid}-`));
  const [image, disk] = [join(folder, 'disk.img'), join(folder, 'disk')];
  mkdirSync(disk);
  await run('truncate', ['-s', '2M', image]);
  await run('mkfs.ext4', ['-q', '-O', '^has_journal', image]);
  const device = (await run('losetup', ['--find', '--show', image])).trim();
  await run('mount', [device, disk]);
  return folder;
}

/** A process that was, and is no more. */
async function deadProcess(): Promise<number> {
  return Number((await finish('sh', ['-c', 'echo $$'])).stdout);
}

test('loop devices of runs that died are detached, also where their file is gone; those of runs that live stay', async () => {
  const [died, lost, lives] = [
    await folderWithDisk(await deadProcess()),
    await folderWithDisk(await deadProcess()),
    await folderWithDisk(process.pid),
  ];
  await run('umount', ['--lazy', join(lost, 'disk')]);
  rmSync(lost, { recursive: true });
  expect([died, lost, lives].map((folder) => loopDevices(`${folder}/`).length)).toEqual([1, 1, 1]);
  await sweep();
  expect([died, lost, lives].map((folder) => loopDevices(`${folder}/`).length)).toEqual([0, 0, 1]);
  await removeRunFolder(lives);
  expect(loopDevices(`${lives}/`)).toEqual([]);
});
