import { MooringError } from '@mooring/proto';
import type { RepositoryEntry, RepositoryReader } from '../compose/repository.ts';
import { checkEntryName, escapeText } from './entry-name.ts';
import { checkFileContent, checkFileSize, MAX_FILE_BYTES } from './file-content.ts';
import { corrupt, ObjectTooLarge } from './git-object-error.ts';
import type { ObjectStore } from './git-objects.ts';

/** Bytes of one tree object: about 100,000 entries. */
const MAX_TREE_BYTES = 8 * 1024 * 1024;
/** Folders below each other on a path that is read. */
const MAX_DEPTH = 16;
/** Trees kept in memory for one commit. */
const MAX_CACHED_TREES = 4096;
const OID_BYTES = 20;

interface TreeItem {
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

/** Reads the files of one commit's tree, lazily. Names are checked where a path is read, and only there. */
export class CommitTree implements RepositoryReader {
  private readonly objects: ObjectStore;
  private readonly root: string;
  private readonly trees = new Map<string, Promise<readonly TreeItem[]>>();

  constructor(objects: ObjectStore, rootTree: string) {
    this.objects = objects;
    this.root = rootTree;
  }

  async lookup(path: string): Promise<RepositoryEntry | undefined> {
    if (path === '') return this.entry('', { mode: '40000', name: '', oid: this.root });
    const segments = path.split('/');
    checkDepth(path, segments.length);
    let tree = this.root;
    for (const [index, name] of segments.entries()) {
      const folder = segments.slice(0, index).join('/');
      checkEntryName(name, folder);
      const item = findItem(await standingAt(folder, this.items(tree)), name, folder);
      if (item === undefined) return undefined;
      if (index === segments.length - 1) return this.entry(path, item);
      // A link or a submodule in the middle of a path is what the caller must refuse: it is not followed.
      if (kindOf(item.mode) !== 'folder')
        return isLinkOrSubmodule(item.mode)
          ? this.entry(`${folder === '' ? '' : `${folder}/`}${name}`, item)
          : undefined;
      tree = item.oid;
    }
    return undefined;
  }

  private entry(path: string, { mode, oid }: TreeItem): RepositoryEntry {
    const kind = kindOf(mode);
    switch (kind) {
      case 'file':
        return { kind, path, oid, executable: mode === '100755', bytes: () => this.bytes(path, oid) };
      case 'folder':
        return { kind, path, oid, list: () => this.list(path, oid) };
      case 'symlink':
      case 'submodule':
        return { kind, path, oid };
    }
  }

  private async bytes(path: string, oid: string): Promise<Uint8Array> {
    const reading = this.objects.read(oid, MAX_FILE_BYTES).then(({ type, content }) => {
      if (type !== 'blob') throw corrupt(`object ${oid}`, `it is a ${type} where a file is named`);
      return content;
    });
    const content = await standingAt(path, reading).catch((error: unknown) => {
      // Named by its path, which says more to a person than an object's name.
      if (error instanceof MooringError && error.cause instanceof ObjectTooLarge) checkFileSize(path, error.cause.size);
      throw error;
    });
    return checkFileContent(path, content);
  }

  private async list(path: string, oid: string): Promise<readonly RepositoryEntry[]> {
    // Its entries are one level deeper than itself.
    checkDepth(path, path === '' ? 1 : path.split('/').length + 1);
    const items = await standingAt(path, this.items(oid));
    const seen = new Map<string, string>();
    return items.map((item) => {
      checkEntryName(item.name, path);
      const folded = item.name.toLowerCase();
      if (seen.has(folded)) throw duplicate(path, seen.get(folded) ?? '', item.name);
      seen.set(folded, item.name);
      return this.entry(path === '' ? item.name : `${path}/${item.name}`, item);
    });
  }

  private items(oid: string): Promise<readonly TreeItem[]> {
    const known = this.trees.get(oid);
    if (known !== undefined) return known;
    if (this.trees.size >= MAX_CACHED_TREES) this.trees.clear();
    const items = this.objects.read(oid, MAX_TREE_BYTES).then(({ type, content }) => {
      if (type !== 'tree') throw corrupt(`object ${oid}`, `it is a ${type} where a folder is named`);
      return parseTree(oid, content);
    });
    this.trees.set(oid, items);
    return items;
  }
}

/** What is wrong with an object, and where in the commit it stands: its own name says that to nobody. */
async function standingAt<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof MooringError) || error.place !== undefined) throw error;
    const place = path === '' ? undefined : { file: escapeText(path) };
    throw new MooringError(error.code, error.message, { place, hint: error.hint, cause: error });
  }
}

function checkDepth(path: string, depth: number): void {
  if (depth <= MAX_DEPTH) return;
  throw new MooringError(
    'GIT_TREE_TOO_LARGE',
    `Cannot read ${escapeText(path)}: it is ${depth} folders deep; at most ${MAX_DEPTH} are read`,
    { place: { file: escapeText(path) } },
  );
}

/** Entries of a tree object: `<mode> <name>\0<20 bytes>` in a row. Throws GIT_OBJECT_CORRUPT. */
function parseTree(oid: string, content: Buffer): readonly TreeItem[] {
  const items: TreeItem[] = [];
  let position = 0;
  while (position < content.byteLength) {
    const space = content.indexOf(0x20, position);
    const end = content.indexOf(0, space);
    if (space < 0 || end < 0 || end + 1 + OID_BYTES > content.byteLength)
      throw corrupt(`tree ${oid}`, 'an entry is cut short');
    items.push({
      mode: content.toString('latin1', position, space),
      name: content.toString('utf8', space + 1, end),
      oid: content.toString('hex', end + 1, end + 1 + OID_BYTES),
    });
    position = end + 1 + OID_BYTES;
  }
  return items;
}

function kindOf(mode: string): RepositoryEntry['kind'] {
  switch (mode) {
    case '40000':
    case '040000':
      return 'folder';
    case '120000':
      return 'symlink';
    case '160000':
      return 'submodule';
    default:
      return 'file';
  }
}

function isLinkOrSubmodule(mode: string): boolean {
  const kind = kindOf(mode);
  return kind === 'symlink' || kind === 'submodule';
}

/** The entry of that name; refuses a folder in which the name stands twice or in two spellings that some file systems cannot tell apart. */
function findItem(items: readonly TreeItem[], name: string, folder: string): TreeItem | undefined {
  const folded = name.toLowerCase();
  const matches = items.filter((item) => item.name.toLowerCase() === folded);
  const exact = matches.find((item) => item.name === name);
  if (exact !== undefined && matches.length > 1) {
    throw duplicate(folder, name, matches.find((item) => item !== exact)?.name ?? name);
  }
  return exact;
}

function duplicate(folder: string, first: string, second: string): MooringError {
  const path = folder === '' ? first : `${folder}/${first}`;
  return new MooringError(
    'GIT_DUPLICATE_PATH',
    `Cannot read ${escapeText(path)}: the folder also holds "${escapeText(second)}"; names that differ in more than upper and lower case are wanted`,
    { place: { file: escapeText(path) } },
  );
}
