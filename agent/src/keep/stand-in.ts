import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { diskError, PRIVATE_FOLDER } from './disk.ts';

/** Memory that looks like a disk on every Linux (shm_overview(7)): it outlives the agent, and not the host. */
const MEMORY = '/dev/shm';
/** Rights that anybody but the owner has. */
const FOREIGN_RIGHTS = 0o077;
const ENDINGS = ['', '-wal', '-shm'] as const;

/**
 * Where an agent keeps in memory what its own folder does not take, because the disk is full or read-only: the lock, and a copy of the database. It is
 * found again by the next start, so that a crash loses nothing of what a step has come to. The memory is open to everybody; the folder in it is not.
 */
export class StandIn {
  readonly #data: string;
  readonly #memory: string;

  constructor(data: string, memory: string = MEMORY) {
    this.#data = data;
    this.#memory = memory;
  }

  /** Path of its lock file. Throws DISK_FULL where the folder cannot be had. */
  lockFile(): string {
    return join(this.#made(), 'agent.lock');
  }

  /** The copy of a database, if there is one: what it says is newer than the file. */
  find(file: string): string | undefined {
    const copy = this.#copyOf(file);
    return existsSync(copy) && isOurs(this.#folder) ? copy : undefined;
  }

  /** Copies the database as it is on disk, with what its log holds, and returns the path of the copy. Throws DISK_FULL. */
  take(file: string): string {
    this.#made();
    const copy = this.#copyOf(file);
    try {
      for (const ending of ENDINGS.slice(0, 2)) {
        if (existsSync(file + ending)) copyFileSync(file + ending, copy + ending);
      }
    } catch (cause) {
      throw diskError(`copy ${file} to memory`, cause);
    }
    return copy;
  }

  /** Removes the copy of a database, when what it said is on disk. */
  drop(copy: string): void {
    for (const ending of ENDINGS) rmSync(copy + ending, { force: true });
  }

  /** Removes everything. */
  remove(): void {
    if (existsSync(this.#folder) && isOurs(this.#folder)) rmSync(this.#folder, { recursive: true, force: true });
  }

  get #folder(): string {
    const { dev, ino } = statSync(this.#data);
    return join(this.#memory, `mooring-agent-${digest([this.#data, dev, ino])}`);
  }

  /** A file that was made anew in the same place has no copy: it is another one by its birth. */
  #copyOf(file: string): string {
    const found = statSync(file, { throwIfNoEntry: false, bigint: true });
    return join(this.#folder, `${digest([found?.dev, found?.ino, found?.birthtimeNs])}.db`);
  }

  #made(): string {
    const folder = this.#folder;
    try {
      mkdirSync(folder, { mode: PRIVATE_FOLDER });
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'))
        throw diskError(`make ${folder}`, cause);
    }
    if (isOurs(folder)) return folder;
    throw new MooringError(
      'DISK_FULL',
      `Cannot keep the record in memory: ${folder} belongs to somebody else; a disk that takes writes is wanted`,
      { place: { file: dirname(folder) }, hint: `Remove ${folder}, or make room in the agent's folder.` },
    );
  }
}

/** Whoever may write to the memory could have put a folder of theirs there. */
function isOurs(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & FOREIGN_RIGHTS) === 0;
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
