import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { MooringError } from '@mooring/proto';

/** The file system, as far as the agent keeps anything on it. Failures are thrown as Node.js throws them, with their errno name as `code`. */
export interface Disk {
  /** Has a file or folder on disk before it returns. With `rename` the call after which something is true for ever. */
  sync(descriptor: number): void;
  /** Puts one name in the place of another, all at once. */
  rename(from: string, to: string): void;
  /** Opens a file that is made by it ("wx"), or a file or folder that is there ("r"). */
  open(path: string, flags: 'wx' | 'r', mode?: number): number;
  /** Returns how many bytes it took. */
  write(descriptor: number, bytes: Uint8Array, from: number): number;
  close(descriptor: number): void;
  read(path: string): Buffer;
  /** Of the name itself, not of what a symbolic link points to; undefined: there is none. */
  look(path: string): FileStatus | undefined;
  list(folder: string): readonly { readonly name: string; readonly isFolder: boolean }[];
  /** Gives a file a second name. */
  link(path: string, name: string): void;
  /** Removes a file, or a folder with everything below it; gone already is fine. */
  remove(path: string): void;
  /** Makes a folder, and with `above` those that it stands in; one that is there is then fine. */
  makeFolder(path: string, options: { readonly mode?: number; readonly above?: boolean }): void;
  setMode(path: string, mode: number): void;
  /** Says since when the content is what it is, in Unix milliseconds. */
  setTime(path: string, atMs: number): void;
}

/** What a name stands for. */
export interface FileStatus {
  readonly isFile: boolean;
  readonly isFolder: boolean;
  readonly ino: number;
  readonly dev: number;
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** The real one. */
export const REAL_DISK: Disk = {
  sync: fsyncSync,
  rename: renameSync,
  open: openSync,
  write: writeSync,
  close: closeSync,
  read: (path) => readFileSync(path),
  look: (path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const { ino, dev, size, mode, mtimeMs, ctimeMs } = stat;
    return { isFile: stat.isFile(), isFolder: stat.isDirectory(), ino, dev, size, mode, mtimeMs, ctimeMs };
  },
  list: (folder) =>
    readdirSync(folder, { withFileTypes: true }).map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() })),
  link: linkSync,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  makeFolder: (path, { mode, above = false }) => void mkdirSync(path, { mode, recursive: above }),
  setMode: chmodSync,
  setTime: (path, atMs) => utimesSync(path, atMs / 1000, atMs / 1000),
};

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
    removeDraft(disk, draft);
    throw diskError(`write ${path}`, cause);
  }
}

/** Writes a file that nobody else names yet, and has it on disk. */
export function writeDraft(disk: Disk, { path, content, mode }: DurableFile): void {
  disk.remove(path);
  const file = disk.open(path, 'wx', mode);
  try {
    let written = 0;
    while (written < content.byteLength) written += disk.write(file, content, written);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
}

/** Removes what a failed write left. A disk that does not even let it go loses nothing by it: the next write removes it first. */
export function removeDraft(disk: Disk, path: string): void {
  try {
    disk.remove(path);
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
    disk.remove(path);
    const file = disk.open(path, 'wx', PRIVATE_FILE);
    try {
      for (let written = 0; written < PROBE_BYTES; ) written += disk.write(file, PROBE_PIECE, 0);
      disk.sync(file);
    } finally {
      disk.close(file);
    }
  } catch (cause) {
    throw diskError(`write ${path}`, cause);
  } finally {
    removeDraft(disk, path);
  }
}

/** Makes a private folder where there is none, and has its name on disk: what is synced into it later is lost with it otherwise. */
export function ensureFolder(disk: Disk, path: string): void {
  if (disk.look(path)?.isFolder === true) return;
  disk.makeFolder(path, { above: true, mode: PRIVATE_FOLDER });
  syncFolder(disk, dirname(path));
}

/** Has the entries of a folder on disk. */
export function syncFolder(disk: Disk, path: string): void {
  const folder = disk.open(path, 'r');
  try {
    disk.sync(folder);
  } finally {
    disk.close(folder);
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
