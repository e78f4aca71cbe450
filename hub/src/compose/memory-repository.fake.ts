import { createHash } from 'node:crypto';
import type { RepositoryEntry, RepositoryReader } from './repository.ts';

/** A repository in memory: contents by path. Contents that begin with `link:` or `submodule:` stand for those entries. */
export function memoryRepository(files: Readonly<Record<string, string | Uint8Array>>): RepositoryReader {
  const lookup = async (path: string): Promise<RepositoryEntry | undefined> => {
    const content = files[path];
    if (content !== undefined) return fileEntry(path, content);
    const below = Object.keys(files).filter((name) => path === '' || name.startsWith(`${path}/`));
    if (below.length === 0) return undefined;
    const names = new Set(below.map((name) => name.slice(path === '' ? 0 : path.length + 1).split('/')[0] ?? ''));
    const list = async () => {
      const entries = await Promise.all(
        [...names].sort().map((name) => lookup(path === '' ? name : `${path}/${name}`)),
      );
      return entries.filter((entry) => entry !== undefined);
    };
    return { kind: 'folder', path, oid: oidOf(below.join('\n')), list };
  };
  return { lookup };
}

function fileEntry(path: string, content: string | Uint8Array): RepositoryEntry {
  const oid = oidOf(content);
  if (typeof content === 'string' && content.startsWith('link:')) return { kind: 'symlink', path, oid };
  if (typeof content === 'string' && content.startsWith('submodule:')) return { kind: 'submodule', path, oid };
  return { kind: 'file', path, oid, executable: path.endsWith('.sh'), bytes: async () => Buffer.from(content) };
}

function oidOf(content: string | Uint8Array): string {
  return createHash('sha1').update(content).digest('hex');
}
