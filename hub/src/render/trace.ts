import { MooringError } from '@mooring/proto';
import type { RepositoryEntry, RepositoryReader, VariableSource } from '../compose/repository.ts';

/** What one rendering looked at: it can be used again wherever all of this is the same. */
export interface Trace {
  /** Variables by name; null: unset. Sorted by name. */
  readonly variables: readonly (readonly [name: string, value: string | null])[];
  /** What stood at each path that was looked at. Sorted by path. */
  readonly paths: readonly (readonly [path: string, fingerprint: string])[];
}

/** Bounds of what one rendering may read. */
export interface ReadLimits {
  /** Bytes of all files together. */
  readonly maxBytes: number;
  /** Files, listed or read. */
  readonly maxFiles: number;
}

/** Bounds that hold unless a test says otherwise: a stack's configuration, with room. */
export const READ_LIMITS: ReadLimits = { maxBytes: 20 * 1024 * 1024, maxFiles: 5000 };

/** Fingerprint of a path where nothing is. */
const ABSENT = '-';

/** Says what stands at a path, so that equal fingerprints mean an equal outcome of looking at it. */
export function fingerprintOf(entry: RepositoryEntry | undefined, listed: boolean): string {
  if (entry === undefined) return ABSENT;
  switch (entry.kind) {
    case 'file':
      return `${entry.executable ? 'x' : 'f'}:${entry.oid}`;
    case 'folder':
      // Only a folder whose names were asked for depends on all that is below it.
      return listed ? `d:${entry.oid}` : 'd';
    case 'symlink':
    case 'submodule':
      return entry.kind;
  }
}

/** Records what is asked of a repository and of variables, and bounds how much is read. */
export class Recorder {
  private readonly variables = new Map<string, string | null>();
  private readonly paths = new Map<string, string>();
  private readonly limits: ReadLimits;
  private bytes = 0;
  private files = 0;
  private refused = false;

  constructor(limits: ReadLimits = READ_LIMITS) {
    this.limits = limits;
  }

  /** Names that were asked for and are unset. */
  get unset(): readonly string[] {
    return [...this.variables].filter(([, value]) => value === null).map(([name]) => name);
  }

  /** False when the repository refused something: what it refused for is not part of the trace. */
  get isComplete(): boolean {
    return !this.refused;
  }

  source(variables: VariableSource): VariableSource {
    return {
      get: (name) => {
        const value = variables.get(name);
        this.variables.set(name, value ?? null);
        return value;
      },
    };
  }

  reader(repository: RepositoryReader): RepositoryReader {
    return {
      lookup: async (path) => {
        const entry = await this.asked(() => repository.lookup(path));
        if (!this.paths.has(path)) this.paths.set(path, fingerprintOf(entry, false));
        return entry === undefined ? undefined : this.watch(entry, path);
      },
    };
  }

  trace(): Trace {
    return { variables: sorted(this.variables), paths: sorted(this.paths) };
  }

  /** `recordedPath` is the path that was asked for; undefined below a folder that was listed, whose oid covers everything. */
  private watch(entry: RepositoryEntry, recordedPath: string | undefined): RepositoryEntry {
    if (entry.kind === 'file') {
      this.count(entry.path, { files: 1, bytes: 0 });
      const bytes = async (): Promise<Uint8Array> => {
        const content = await this.asked(() => entry.bytes());
        this.count(entry.path, { files: 0, bytes: content.byteLength });
        return content;
      };
      return { ...entry, bytes };
    }
    if (entry.kind !== 'folder') return entry;
    const list = async (): Promise<readonly RepositoryEntry[]> => {
      if (recordedPath !== undefined) this.paths.set(recordedPath, fingerprintOf(entry, true));
      // Folders without a file can multiply without end, too.
      this.count(entry.path, { files: 1, bytes: 0 });
      return (await this.asked(() => entry.list())).map((child) => this.watch(child, undefined));
    };
    return { ...entry, list };
  }

  private async asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      this.refused = true;
      throw error;
    }
  }

  private count(path: string, { files, bytes }: { files: number; bytes: number }): void {
    this.files += files;
    this.bytes += bytes;
    if (this.files <= this.limits.maxFiles && this.bytes <= this.limits.maxBytes) return;
    throw new MooringError(
      'GIT_TREE_TOO_LARGE',
      `Cannot read ${path}: the stack reads more than ${this.limits.maxFiles} files and folders or ${this.limits.maxBytes} bytes; a smaller stack is wanted`,
      { place: { file: path }, hint: 'Put large data into a volume or an image.' },
    );
  }
}

function sorted<V>(map: ReadonlyMap<string, V>): readonly (readonly [string, V])[] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
}
