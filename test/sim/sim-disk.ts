import { dirname } from 'node:path';
import type { Disk, FileStatus } from '@mooring/agent/fakes';
import { digestHex, digestOf } from '@mooring/proto';
import type { Life } from './life.ts';
import type { Random } from './random.ts';

/** What a disk refuses. */
export type DiskTrouble = 'ENOSPC' | 'EROFS' | 'EIO';

interface File {
  readonly ino: number;
  mode: number;
  content: Buffer;
  /** What is left of it when the power goes; undefined: nothing. */
  durable: Buffer | undefined;
  mtimeMs: number;
}

interface Folder {
  readonly ino: number;
  mode: number;
  names: Map<string, Node>;
  /** The names that are left when the power goes. */
  durable: Map<string, Node>;
  mtimeMs: number;
}

type Node = File | Folder;

const FOLDER_BIT = 0o040000;
const FILE_BIT = 0o100000;

/** A disk that outlives the programs on it. What was written and not synced is lost when the power goes, or half of it is. */
export class SimDisk {
  trouble: DiskTrouble | undefined;
  /** Wrong on purpose: a sync that does nothing. */
  syncLies = false;
  readonly #root: Folder;
  readonly #random: Random;
  readonly #clock: () => number;
  readonly #open = new Map<number, Node>();
  #inodes = 1;
  #descriptors = 3;

  constructor(random: Random, clock: () => number) {
    this.#random = random;
    this.#clock = clock;
    this.#root = this.#newFolder(0o755);
  }

  /** A folder that is there for good, with those above it. */
  ground(path: string): void {
    let folder = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next = this.#newFolder(0o755);
      folder.names.set(name, next);
      folder.durable.set(name, next);
      folder = next;
    }
  }

  /** The power goes: names and contents become what was synced; names that were not may have made it. */
  cut(): void {
    this.#open.clear();
    this.#lose(this.#root);
  }

  /** Somebody writes into a file by hand. False: it is not there. */
  scribble(path: string, content: Buffer): boolean {
    const found = this.#find(path);
    if (found === undefined || isFolder(found)) return false;
    Object.assign(found, { content, durable: content, mtimeMs: this.#clock() });
    return true;
  }

  /** What is in a file, whoever runs; undefined: it is not there. */
  content(path: string): Buffer | undefined {
    const found = this.#find(path);
    return found === undefined || isFolder(found) ? undefined : found.content;
  }

  /** Files of a folder, by name. */
  names(folder: string): readonly string[] {
    const found = this.#find(folder);
    return found !== undefined && isFolder(found) ? [...found.names.keys()] : [];
  }

  /** The disk as one program has it. */
  mounted(life: Life): Disk {
    const read = <T>(work: () => T): T => {
      if (!life.alive) life.boundary();
      return work();
    };
    const write = <T>(what: string, work: () => T): T => {
      life.boundary();
      if (this.trouble !== undefined) throw systemError(this.trouble, what);
      return work();
    };
    return {
      sync: (descriptor) => write('fsync', () => this.#sync(descriptor)),
      rename: (from, to) => write(`rename ${from}`, () => this.#rename(from, to)),
      open: (path, flags, mode = 0o666) =>
        flags === 'r'
          ? read(() => this.#opened(this.#wanted(path)))
          : write(`open ${path}`, () => this.#make(path, mode)),
      write: (descriptor, bytes, from) => write('write', () => this.#write(descriptor, bytes, from)),
      close: (descriptor) => read(() => void this.#open.delete(descriptor)),
      read: (path) => read(() => this.#read(path)),
      look: (path) => read(() => this.#look(path)),
      list: (folder) => read(() => this.#list(folder)),
      link: (path, name) => write(`link ${path}`, () => this.#enter(name, this.#wanted(path))),
      // A full disk still lets go of what is on it.
      remove: (path) => {
        life.boundary();
        if (this.trouble === 'EROFS' && this.#find(path) !== undefined) throw systemError('EROFS', `unlink ${path}`);
        this.#remove(path);
      },
      makeFolder: (path, { mode = 0o777, above = false }) => this.#makeFolder(path, { mode, above, write }),
      setTime: (path, atMs) => write(`utime ${path}`, () => void Object.assign(this.#wanted(path), { mtimeMs: atMs })),
      setMode: (path, mode) => write(`chmod ${path}`, () => void Object.assign(this.#wanted(path), { mode })),
    };
  }

  /** Whether a content is what its name says; a content has its digest for a name. */
  isSound(path: string): boolean {
    const found = this.#find(path);
    if (found === undefined || isFolder(found)) return false;
    return digestHex(digestOf(found.content)) === nameOf(path).replace(/\.x$/, '');
  }

  #makeFolder(
    path: string,
    { mode, above, write }: { mode: number; above: boolean; write: <T>(what: string, work: () => T) => T },
  ): void {
    const found = this.#find(path);
    if (found !== undefined && above && isFolder(found)) return;
    if (found !== undefined) throw systemError('EEXIST', `mkdir ${path}`);
    if (above && path !== '/') this.#makeFolder(dirname(path), { mode, above, write });
    write(`mkdir ${path}`, () => this.#enter(path, this.#newFolder(mode)));
  }

  #newFolder(mode: number): Folder {
    return { ino: this.#inodes++, mode, names: new Map(), durable: new Map(), mtimeMs: this.#clock() };
  }

  #make(path: string, mode: number): number {
    if (this.#find(path) !== undefined) throw systemError('EEXIST', `open ${path}`);
    const empty = Buffer.alloc(0);
    const file = { ino: this.#inodes++, mode, content: empty, durable: undefined, mtimeMs: this.#clock() };
    this.#enter(path, file);
    return this.#opened(file);
  }

  #opened(node: Node): number {
    const descriptor = this.#descriptors++;
    this.#open.set(descriptor, node);
    return descriptor;
  }

  #write(descriptor: number, bytes: Uint8Array, from: number): number {
    const file = this.#open.get(descriptor);
    if (file === undefined || isFolder(file)) throw systemError('EBADF', 'write');
    const piece = bytes.subarray(from);
    // A probe is large and of no interest.
    if (piece.byteLength < 65_536) file.content = Buffer.concat([file.content, piece]);
    file.mtimeMs = this.#clock();
    return piece.byteLength;
  }

  #sync(descriptor: number): void {
    const node = this.#open.get(descriptor);
    if (node === undefined) throw systemError('EBADF', 'fsync');
    if (this.syncLies) return;
    if (isFolder(node)) node.durable = new Map(node.names);
    else node.durable = node.content;
  }

  #rename(from: string, to: string): void {
    const node = this.#wanted(from);
    // Two names of one file: nothing happens (rename(2)).
    if (this.#find(to) === node) return;
    this.#enter(to, node);
    this.#remove(from);
  }

  #read(path: string): Buffer {
    const found = this.#wanted(path);
    if (isFolder(found)) throw systemError('EISDIR', `read ${path}`);
    return Buffer.from(found.content);
  }

  #look(path: string): FileStatus | undefined {
    const found = this.#find(path);
    if (found === undefined) return undefined;
    const { ino, mode, mtimeMs } = found;
    const folder = isFolder(found);
    const size = folder ? 0 : found.content.byteLength;
    const bits = mode | (folder ? FOLDER_BIT : FILE_BIT);
    return { isFile: !folder, isFolder: folder, ino, dev: 1, size, mode: bits, mtimeMs, ctimeMs: mtimeMs };
  }

  #list(path: string): ReturnType<Disk['list']> {
    const found = this.#wanted(path);
    if (!isFolder(found)) throw systemError('ENOTDIR', `scandir ${path}`);
    return [...found.names].map(([name, node]) => ({ name, isFolder: isFolder(node) }));
  }

  #enter(path: string, node: Node): void {
    const above = this.#wanted(dirname(path));
    if (!isFolder(above)) throw systemError('ENOTDIR', path);
    above.names.set(nameOf(path), node);
    above.mtimeMs = this.#clock();
  }

  #remove(path: string): void {
    const above = this.#find(dirname(path));
    if (above !== undefined && isFolder(above)) above.names.delete(nameOf(path));
  }

  #wanted(path: string): Node {
    const found = this.#find(path);
    if (found === undefined) throw systemError('ENOENT', path);
    return found;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      if (node === undefined || !isFolder(node)) return undefined;
      node = node.names.get(name);
    }
    return node;
  }

  #lose(folder: Folder): void {
    // A journal of names that was written before its time is as good as none that was written in time.
    const isEarly = this.#random.chance(0.5);
    folder.names = new Map(isEarly ? folder.names : folder.durable);
    folder.durable = new Map(folder.names);
    for (const node of folder.names.values()) {
      if (isFolder(node)) this.#lose(node);
      else {
        node.content = node.durable ?? Buffer.alloc(0);
        node.durable = node.content;
      }
    }
  }
}

function isFolder(node: Node): node is Folder {
  return 'names' in node;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code, syscall: what });
}
