import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { finish, run } from '../support/run.ts';

/** Which file system: one in memory whose size may change, or one that can break as a disk does. */
export type DiskKind = 'tmpfs' | 'ext4';

const MIB = 1024 * 1024;
const FILLER = 'filler-';
/** Times that filling is tried: whoever uses the disk writes meanwhile, so that what was free a moment ago may be gone. */
const FILL_ATTEMPTS = 10;

/** A folder on a small disk of its own, with what was in it before. Whoever has files open there is to be stopped around making and removing it. */
export class SmallDisk {
  readonly #folder: string;
  readonly #kind: DiskKind;
  #fillers = 0;

  private constructor(folder: string, kind: DiskKind) {
    this.#folder = folder;
    this.#kind = kind;
  }

  static async under(folder: string, size: { readonly kind: DiskKind; readonly mib: number }): Promise<SmallDisk> {
    const kept = `${folder}.kept`;
    renameSync(folder, kept);
    mkdirSync(folder, { mode: 0o700 });
    if (size.kind === 'tmpfs') await run('mount', ['-t', 'tmpfs', '-o', `size=${size.mib}m,mode=700`, 'tmpfs', folder]);
    else await mountImage(folder, size.mib);
    await run('cp', ['-a', `${kept}/.`, folder]);
    rmSync(kept, { recursive: true });
    return new SmallDisk(folder, size.kind);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  /** Fills it until only that much is free; to the last byte when it is 0. */
  async fill(leaveBytes: number): Promise<void> {
    this.#fillers += 1;
    const filler = this.#filler(this.#fillers);
    for (let left = FILL_ATTEMPTS; ; left -= 1) {
      const room = this.freeBytes - leaveBytes;
      if (room <= 0) break;
      const { code, stderr } = await finish('fallocate', ['-l', String(room), filler]);
      if (code === 0) break;
      rmSync(filler, { force: true });
      if (left === 1)
        throw new Error(`Cannot fill ${this.#folder}: ${stderr}; a disk on which less is written meanwhile is wanted`);
    }
    // The last blocks go to another file: what a file system keeps for itself makes the first one fall short.
    if (leaveBytes === 0) await this.#fillRest();
  }

  empty(): void {
    removeFillers(this.#folder);
  }

  /** Breaks it while it is in use, as a kernel does that finds an error on a disk: it is read-only from now on. */
  async breakDisk(): Promise<void> {
    if (this.#kind !== 'ext4') throw new Error('only a disk with ext4 can break');
    await run('sync', ['-f', this.#folder]);
    const device = deviceOf(this.#folder);
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'a fault that is wanted\n');
  }

  /** Makes it whole again, in its place and as the same disk. Nobody may use it meanwhile. */
  async repair(): Promise<void> {
    const device = deviceOf(this.#folder);
    await run('umount', [this.#folder]);
    // It ends with 1 where it mended something.
    await finish('e2fsck', ['-p', '-f', device]);
    await run('mount', ['-o', 'errors=remount-ro', device, this.#folder]);
  }

  /** Puts a folder as it is now in its place. */
  async close(): Promise<void> {
    const next = `${this.#folder}.next`;
    this.#emptyIfWritable();
    await run('cp', ['-a', this.#folder, next]);
    const device = deviceOf(this.#folder);
    await run('umount', [this.#folder]);
    if (this.#kind === 'ext4') await run('losetup', ['--detach', device]);
    rmSync(this.#folder, { recursive: true });
    rmSync(`${this.#folder}.img`, { force: true });
    renameSync(next, this.#folder);
    removeFillers(this.#folder);
  }

  #emptyIfWritable(): void {
    try {
      this.empty();
    } catch (error) {
      // A disk that is read-only keeps its filler until its copy is rid of it.
      if (!(error instanceof Error && 'code' in error && error.code === 'EROFS')) throw error;
    }
  }

  #filler(number: number): string {
    return join(this.#folder, `${FILLER}${number}`);
  }

  async #fillRest(): Promise<void> {
    await run('sh', [
      '-c',
      `cat /dev/zero > "$1" 2>/dev/null; test "$(stat -f -c %a "$2")" = 0`,
      'fill',
      this.#filler(this.#fillers + 0.5),
      this.#folder,
    ]);
  }
}

function removeFillers(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(FILLER)) rmSync(join(folder, name));
}

async function mountImage(folder: string, mib: number): Promise<void> {
  const image = `${folder}.img`;
  await run('truncate', ['-s', String(mib * MIB), image]);
  // Without a journal: what a broken one holds back is lost, also for those who only read.
  await run('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', image]);
  const device = (await run('losetup', ['--find', '--show', image])).trim();
  await run('mount', ['-o', 'errors=remount-ro', device, folder]);
}

function deviceOf(folder: string): string {
  const line = mounts().find((mount) => mount[1] === folder);
  if (line?.[0] === undefined) throw new Error(`nothing is mounted at ${folder}`);
  return line[0];
}

function mounts(): string[][] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
}
