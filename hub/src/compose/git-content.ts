import { posix } from 'node:path';
import { digestOf } from '@mooring/proto';
import type { Field } from './field.ts';
import type { Content, TreeEntry } from './model.ts';
import { decodeText } from './read-yaml.ts';
import type { RepositoryEntry, RepositoryReader } from './repository.ts';

/** Where contents come from, and how much of them a project may hold. */
export interface GitScope {
  /** Folder of the stack, from the repository's root. */
  readonly folder: string;
  readonly repository: RepositoryReader;
  /** Counts characters that a field takes from files. Throws RENDER_TOO_LARGE. */
  readonly spend: (field: Field, characters: number) => void;
}

/** Files of one mounted folder: configuration, not data. */
const MAX_TREE_FILES = 5000;
/** Bytes of one mounted folder. */
const MAX_TREE_BYTES = 20 * 1024 * 1024;

/** A path of a Compose file, seen from the repository's root. Throws COMPOSE_PATH_OUTSIDE when it leaves the repository. */
export function pathInRepository(field: Field, folder: string, path: string): string {
  const joined = posix.normalize(posix.join(folder, path)).replace(/\/$/, '');
  if (path.startsWith('/') || joined === '..' || joined.startsWith('../')) {
    throw field.refusal('COMPOSE_PATH_OUTSIDE', `"${path}" leaves the repository; a path inside it is wanted`);
  }
  return joined === '.' ? '' : joined;
}

/** What Git holds at a path; undefined where nothing is. Throws GIT_SYMLINK and GIT_SUBMODULE, which are never followed. */
export async function lookUp(field: Field, repository: RepositoryReader, path: string) {
  const entry = await repository.lookup(path);
  return entry === undefined ? undefined : plainEntry(field, entry);
}

function plainEntry(field: Field, entry: RepositoryEntry): Extract<RepositoryEntry, { kind: 'file' | 'folder' }> {
  if (entry.kind === 'symlink')
    throw field.refusal('GIT_SYMLINK', `${entry.path} is a symbolic link; links are not followed, a file is wanted`);
  if (entry.kind === 'submodule')
    throw field.refusal('GIT_SUBMODULE', `${entry.path} is a submodule; submodules are not read, a folder is wanted`);
  return entry;
}

/** A file that a field names, from the stack's folder. Throws GIT_FILE_MISSING and COMPOSE_PATH_OUTSIDE. */
export async function readFile(
  field: Field,
  path: string,
  { folder, repository }: GitScope,
): Promise<Extract<RepositoryEntry, { kind: 'file' }>> {
  const inRepository = pathInRepository(field, folder, path);
  const entry = await lookUp(field, repository, inRepository);
  if (entry?.kind === 'file') return entry;
  const what = entry === undefined ? `${inRepository} is not in the repository` : `${inRepository} is a folder`;
  throw field.refusal('GIT_FILE_MISSING', `${what}; a file is wanted`);
}

/** The text of a file that a field names, and its path from the repository's root. Throws FILE_NOT_UTF8 too. */
export async function readText(field: Field, path: string, scope: GitScope): Promise<{ text: string; path: string }> {
  const entry = await readFile(field, path, scope);
  return { text: decodeText(entry.path, await entry.bytes()), path: entry.path };
}

/** The content of one file. */
export async function readContent(entry: Extract<RepositoryEntry, { kind: 'file' }>): Promise<Content> {
  const bytes = await entry.bytes();
  return { digest: digestOf(bytes), bytes, executable: entry.executable };
}

/** Every file below a folder, sorted by path. Throws GIT_TREE_TOO_LARGE. */
export async function readTree(
  field: Field,
  folder: Extract<RepositoryEntry, { kind: 'folder' }>,
): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const waiting = [folder];
  let bytes = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const child of await next.list()) {
      const entry = plainEntry(field, child);
      if (entry.kind === 'folder') {
        waiting.push(entry);
        continue;
      }
      const content = await readContent(entry);
      entries.push({ path: posix.relative(folder.path, entry.path), content });
      bytes += content.bytes.byteLength;
      if (entries.length > MAX_TREE_FILES || bytes > MAX_TREE_BYTES) {
        throw field.refusal(
          'GIT_TREE_TOO_LARGE',
          `${folder.path} has over ${MAX_TREE_FILES} files or ${MAX_TREE_BYTES} bytes; less is wanted`,
          'Put large data into a volume or an image.',
        );
      }
    }
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
