import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MooringError } from '@mooring/proto';

/** The two calls after which something is true for ever; a test puts a crash between any two of them. */
export interface Disk {
  /** Has a file or folder on disk before it returns. */
  sync(descriptor: number): void;
  /** Puts one name in the place of another, all at once. */
  rename(from: string, to: string): void;
}

/** The real one. */
export const REAL_DISK: Disk = { sync: fsyncSync, rename: renameSync };

/** Mode of folders that only the agent may enter. */
export const PRIVATE_FOLDER = 0o700;
/** Mode of files that are replaced. */
export const PRIVATE_FILE = 0o600;

/** What is to be on disk. */
export interface DurableFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

/** Writes beside the place, syncs, renames, syncs the folder: readers find the old or the new content, also after a crash. Throws DISK_FULL. */
export function writeDurably(disk: Disk, { path, content, mode }: DurableFile): void {
  const draft = `${path}.new`;
  try {
    writeDraft(disk, { path: draft, content, mode });
    disk.rename(draft, path);
    syncFolder(disk, dirname(path));
  } catch (cause) {
    removeDraft(draft);
    throw diskError(`write ${path}`, cause);
  }
}

/** Writes a file that nobody else names yet, and has it on disk. */
export function writeDraft(disk: Disk, { path, content, mode }: DurableFile): void {
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', mode);
  try {
    let written = 0;
    while (written < content.byteLength) written += writeSync(file, content, written);
    disk.sync(file);
  } finally {
    closeSync(file);
  }
}

/** Removes what a failed write left. A disk that does not even let it go loses nothing by it: the next write removes it first. */
export function removeDraft(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Why the write failed is what counts.
  }
}

/** Bytes of a probe: more than an assignment with its objects, so that a disk that takes it takes what comes next. */
const PROBE_BYTES = 2 * 1024 * 1024;
const PROBE_PIECE = Buffer.alloc(64 * 1024);

/** Writes as much as the agent may have to keep soon, and takes it away again. Throws DISK_FULL. */
export function probeDisk(disk: Disk, folder: string): void {
  const path = join(folder, 'probe');
  try {
    rmSync(path, { force: true });
    const file = openSync(path, 'wx', PRIVATE_FILE);
    try {
      for (let written = 0; written < PROBE_BYTES; ) written += writeSync(file, PROBE_PIECE);
      disk.sync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw diskError(`write ${path}`, cause);
  } finally {
    removeDraft(path);
  }
}

/** Has the entries of a folder on disk. */
export function syncFolder(disk: Disk, path: string): void {
  const folder = openSync(path, 'r');
  try {
    disk.sync(folder);
  } finally {
    closeSync(folder);
  }
}

/** What the operating system says when a disk takes nothing more, by errno(3). */
const WANTED: Readonly<Record<string, string>> = {
  ENOSPC: 'room on the disk is wanted',
  EDQUOT: 'room in the quota is wanted',
  EROFS: 'a disk that can be written is wanted',
  EIO: 'a disk without errors is wanted',
};

/** The error behind a failed write: DISK_FULL where the disk takes nothing, INTERNAL otherwise. */
export function diskError(what: string, cause: unknown): MooringError {
  if (cause instanceof MooringError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = cause instanceof Error ? cause.message : String(cause);
  const wanted = WANTED[code];
  if (wanted === undefined) return new MooringError('INTERNAL', `Cannot ${what}: ${why}; a write is wanted`, { cause });
  return new MooringError('DISK_FULL', `Cannot ${what}: ${why}; ${wanted}`, {
    hint: 'Containers keep running and are healed; nothing new is accepted until the disk takes writes again.',
    cause,
  });
}
