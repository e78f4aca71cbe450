import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, runQuietly } from './run.ts';

/** Everything that tests leave on a machine bears one of these names followed by the process that made it. */
const FOLDER_PREFIX = 'mooring-test-';
const NAMESPACE_PREFIX = 'mt-';

/** A private folder of this run, and names that no other run uses. */
export interface RunFolder {
  readonly path: string;
  /** Name of a network namespace of this run. */
  namespace(name: string): string;
}

let counter = 0;

/** Makes a private folder; leftovers of runs that died are removed first. */
export async function makeRunFolder(): Promise<RunFolder> {
  await sweep();
  counter += 1;
  const path = mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  const serial = counter;
  return { path, namespace: (name) => `${NAMESPACE_PREFIX}${process.pid}-${serial}-${name}` };
}

/** Removes a folder with whatever is still mounted below it and the loop devices of its files, and ends processes that were started from it. */
export async function removeRunFolder(path: string): Promise<void> {
  endProcesses(path);
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${path}/`))
    .sort((a, b) => b.length - a.length);
  for (const mount of mounts) await runQuietly('umount', ['--lazy', mount]);
  for (const { device } of loopDevices(`${path}/`)) await detach(device);
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Removes what runs that are dead by now left behind. */
export async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(FOLDER_PREFIX))) {
    if (!isAlive(Number(name.slice(FOLDER_PREFIX.length).split('-')[0]))) await removeRunFolder(join(tmpdir(), name));
  }
  for (const name of await namespaces()) {
    if (!isAlive(Number(name.slice(NAMESPACE_PREFIX.length).split('-')[0])))
      await runQuietly('ip', ['netns', 'delete', name]);
  }
  // A file that was removed while its device was there holds the device for ever.
  const prefix = join(realpathSync(tmpdir()), FOLDER_PREFIX);
  for (const { device, file } of loopDevices(prefix)) {
    if (!isAlive(Number(file.slice(prefix.length).split('-')[0]))) await detach(device);
  }
}

/** A loop device and its file, by its path of before where it was removed. */
export interface LoopDevice {
  readonly device: string;
  readonly file: string;
}

/** Loop devices of files whose path begins so, as the kernel tells it. */
export function loopDevices(prefix: string): readonly LoopDevice[] {
  const names = readdirSync('/sys/block').filter((name) => /^loop\d+$/.test(name));
  return names
    .map((name) => ({ device: `/dev/${name}`, file: backingFile(name) }))
    .filter(({ file }) => file.startsWith(prefix));
}

function backingFile(name: string): string {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trimEnd();
  } catch {
    // It has no file.
    return '';
  }
}

async function detach(device: string): Promise<void> {
  await runQuietly('losetup', ['--detach', device]);
}

/** Network namespaces that tests made. */
export async function namespaces(): Promise<string[]> {
  const listing = await run('ip', ['netns', 'list']);
  return listing
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(NAMESPACE_PREFIX));
}

/** Processes whose command line names the folder. */
export function processesOf(path: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map(Number)
    .filter((pid) => commandLine(pid).includes(path));
}

function endProcesses(path: string): void {
  for (const pid of processesOf(path)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It may have ended by itself since it was listed.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // Gone since it was listed.
    return '';
  }
}

function isAlive(pid: number): boolean {
  return commandLine(pid) !== '';
}
