import { dirname, join } from 'node:path';
import { type Bundle, type Digest, digestHex, digestOf, isDigest, MooringError, type TreeMount } from '@mooring/proto';
import type { MountPaths } from '../plan/desired.ts';
import { type Disk, diskError, ensureFolder, syncFolder, writeDurably } from './disk.ts';

const READ_ONLY = 0o444;
const EXECUTABLE = 0o555;
/** Mode of folders inside containers: whoever runs there may look. */
const OPEN_FOLDER = 0o755;

/** What may stay when the rest is swept away: hex digests. */
export interface Wanted {
  readonly objects: ReadonlySet<string>;
  /** Names of content files: hex, with ".x" for executables. */
  readonly contents: ReadonlySet<string>;
  readonly trees: ReadonlySet<string>;
}

/** Objects as they were sealed, and the plain read-only copies that containers mount. Everything is named by its digest and checked on each read. */
export class ContentStore implements MountPaths {
  readonly #data: string;
  readonly #disk: Disk;

  /** `data` is absolute: the engine mounts from it. */
  constructor(data: string, disk: Disk) {
    this.#data = data;
    this.#disk = disk;
    for (const folder of ['objects', 'content', 'trees', 'stacks'].map((name) => join(data, name))) {
      onDisk(`make folder ${folder}`, () => ensureFolder(disk, folder));
    }
  }

  content(digest: string, executable: boolean): string {
    return join(this.#data, 'content', contentName(digest, executable));
  }

  tree(digest: string): string {
    return join(this.#data, 'trees', hexOf(digest));
  }

  data(stack: string, path: string): string {
    return join(this.#data, 'stacks', stack, path);
  }

  /** An object's sealed bytes; undefined: not here, or damaged and therefore thrown away. */
  readObject(object: Digest): Buffer | undefined {
    const path = join(this.#data, 'objects', digestHex(object));
    const bytes = this.#readIfThere(path);
    if (bytes === undefined || digestOf(bytes) === object) return bytes;
    onDisk(`remove ${path}`, () => this.#disk.remove(path));
    return undefined;
  }

  /** Keeps an object. The caller has checked its digest; it is checked again when it is read. Throws DISK_FULL. */
  writeObject(object: Digest, bytes: Uint8Array): void {
    writeDurably(this.#disk, { path: join(this.#data, 'objects', digestHex(object)), content: bytes, mode: READ_ONLY });
  }

  /** Makes sure that everything that the bundle mounts is there, as it was signed. `open` gives a content by its plain digest. */
  materialise(bundle: Bundle, open: (digest: string) => Uint8Array): void {
    for (const { container } of bundle.services) {
      for (const { source } of container?.mounts ?? []) {
        if (source?.$case === 'file') this.#ensureContent(source.value, open);
        if (source?.$case === 'tree') this.#ensureTree(source.value, open);
        if (source?.$case === 'dataPath') this.#ensureData(bundle.stack, source.value);
      }
    }
  }

  /** Removes what is not wanted. Call only while no container mounts anything else. */
  sweep(wanted: Wanted): void {
    this.#sweepFolder(join(this.#data, 'trees'), wanted.trees);
    this.#sweepFolder(join(this.#data, 'content'), wanted.contents);
    this.#sweepFolder(join(this.#data, 'objects'), wanted.objects);
  }

  #sweepFolder(folder: string, wanted: ReadonlySet<string>): void {
    onDisk(`sweep ${folder}`, () => {
      for (const { name } of this.#disk.list(folder)) if (!wanted.has(name)) this.#disk.remove(join(folder, name));
    });
  }

  /** Undefined: no file is there. What is there and is no file goes: an engine makes a folder of a source that is missing when a container starts. */
  #readIfThere(path: string): Buffer | undefined {
    return onDisk(`read ${path}`, () => {
      const status = this.#disk.look(path);
      if (status?.isFile === true) return this.#disk.read(path);
      if (status !== undefined) this.#disk.remove(path);
      return undefined;
    });
  }

  #ensureContent(file: { digest: string; executable: boolean }, open: (digest: string) => Uint8Array): string {
    const path = this.content(file.digest, file.executable);
    const mode = file.executable ? EXECUTABLE : READ_ONLY;
    const there = this.#readIfThere(path);
    if (there === undefined || digestOf(there) !== file.digest) {
      writeDurably(this.#disk, { path, content: open(file.digest), mode });
    }
    // The mask of the process may have taken rights away, and a hand may have given some.
    onDisk(`open ${path} for containers`, () => {
      if (((this.#disk.look(path)?.mode ?? 0) & 0o777) !== mode) this.#disk.setMode(path, mode);
    });
    return path;
  }

  // Staged beside its place and renamed: a folder that is there is whole. Its files are second names of the contents.
  #ensureTree(tree: TreeMount, open: (digest: string) => Uint8Array): void {
    const path = this.tree(tree.digest);
    const contents = tree.entries.map((entry) => ({ entry, source: this.#ensureContent(entry, open) }));
    const draft = `${path}.new`;
    onDisk(`write ${path}`, () => {
      if (this.#isWhole(path, contents)) return;
      this.#disk.remove(draft);
      this.#disk.makeFolder(draft, { mode: OPEN_FOLDER });
      for (const { entry, source } of contents) {
        this.#disk.makeFolder(dirname(join(draft, entry.path)), { above: true, mode: OPEN_FOLDER });
        this.#disk.link(source, join(draft, entry.path));
      }
      this.#openFolders(draft);
      syncFolder(this.#disk, draft);
      this.#disk.remove(path);
      this.#disk.rename(draft, path);
      syncFolder(this.#disk, dirname(path));
    });
  }

  // A container may have put a symbolic link into its own folder: following it would mount any place of the host.
  #ensureData(stack: string, path: string): void {
    let place = join(this.#data, 'stacks');
    const names = [stack, ...path.split('/')];
    for (const [index, name] of names.entries()) {
      place = join(place, name);
      const status = onDisk(`look at ${place}`, () => this.#disk.look(place));
      const mayBeFile = index === names.length - 1;
      if (status === undefined) this.#makeFolder(place);
      else if (!(status.isFolder || (mayBeFile && status.isFile))) {
        throw new MooringError(
          'BUNDLE_PATH',
          `Cannot mount data ${JSON.stringify(path)} of stack ${stack}: ${place} is ${mayBeFile ? 'no folder or file' : 'no folder'}; one of the stack's own is wanted`,
          { place: { file: place }, hint: 'A container made something else there; remove it by hand.' },
        );
      }
    }
  }

  #makeFolder(path: string): void {
    onDisk(`make folder ${path}`, () => {
      this.#disk.makeFolder(path, { mode: OPEN_FOLDER });
      this.#disk.setMode(path, OPEN_FOLDER);
    });
  }

  /** True when the folder holds exactly these files. */
  #isWhole(folder: string, contents: readonly { entry: { path: string }; source: string }[]): boolean {
    if (this.#disk.look(folder)?.isFolder !== true) return false;
    const there = new Set(this.#filesBelow(folder));
    if (there.size !== contents.length) return false;
    return contents.every(({ entry, source }) => {
      const path = join(folder, entry.path);
      return there.has(path) && this.#isSameFile(path, source);
    });
  }

  #filesBelow(folder: string): readonly string[] {
    return this.#disk.list(folder).flatMap(({ name, isFolder }) => {
      const path = join(folder, name);
      return isFolder ? this.#filesBelow(path) : [path];
    });
  }

  #isSameFile(path: string, source: string): boolean {
    const [left, right] = [this.#disk.look(path), this.#disk.look(source)];
    return left !== undefined && left.ino === right?.ino && left.dev === right.dev;
  }

  /** The mask of the process takes rights from new folders, which containers need. */
  #openFolders(folder: string): void {
    this.#disk.setMode(folder, OPEN_FOLDER);
    for (const { name, isFolder } of this.#disk.list(folder)) if (isFolder) this.#openFolders(join(folder, name));
  }
}

/** Name of a content's file. */
export function contentName(digest: string, executable: boolean): string {
  return executable ? `${hexOf(digest)}.x` : hexOf(digest);
}

function hexOf(digest: string): string {
  // Digests become file names: nothing else may.
  if (!isDigest(digest))
    throw new MooringError('BUNDLE_FORMAT', `Cannot name content: ${digest} is no digest; one is wanted`);
  return digestHex(digest);
}

/** Has every failure say what was tried, so that it concerns one stack and no other. */
function onDisk<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw diskError(what, cause);
  }
}
