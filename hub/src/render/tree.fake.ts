import { createHash } from 'node:crypto';
import type { RepositoryEntry, RepositoryReader } from '../compose/repository.ts';

/** A repository in memory: contents by path. Counts what is looked at. */
export class MemoryTree implements RepositoryReader {
  readonly lookups: string[] = [];
  private readonly files: ReadonlyMap<string, string>;

  constructor(files: Readonly<Record<string, string>>) {
    this.files = new Map(Object.entries(files));
  }

  /** The same tree with some files changed. */
  with(changes: Readonly<Record<string, string>>): MemoryTree {
    return new MemoryTree({ ...Object.fromEntries(this.files), ...changes });
  }

  lookup(path: string): Promise<RepositoryEntry | undefined> {
    this.lookups.push(path);
    return Promise.resolve(this.entry(path));
  }

  private entry(path: string): RepositoryEntry | undefined {
    const content = this.files.get(path);
    if (content !== undefined) {
      return {
        kind: 'file',
        path,
        oid: digest(content),
        executable: false,
        bytes: () => Promise.resolve(Buffer.from(content)),
      };
    }
    const prefix = path === '' ? '' : `${path}/`;
    const below = [...this.files].filter(([name]) => name.startsWith(prefix));
    if (below.length === 0) return undefined;
    const names = [...new Set(below.map(([name]) => name.slice(prefix.length).split('/')[0] ?? ''))].sort();
    const list = (): Promise<readonly RepositoryEntry[]> =>
      Promise.resolve(names.flatMap((name) => this.entry(`${prefix}${name}`) ?? []));
    return { kind: 'folder', path, oid: digest(JSON.stringify(below.sort())), list };
  }
}

function digest(content: string): string {
  return createHash('sha1').update(content).digest('hex');
}
