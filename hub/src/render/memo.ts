import type { RenderProblem } from '@mooring/proto';
import type { RepositoryReader, VariableSource } from '../compose/repository.ts';
import { fingerprintOf, type Trace } from './trace.ts';

/** What came of rendering one stack for one class of hosts. */
export type ClassResult =
  | {
      readonly kind: 'rendered';
      readonly bundleDigest: string;
      /** The encoded bundle. */
      readonly bytes: Uint8Array;
      /** Plain digests of the contents it mounts. */
      readonly files: readonly string[];
      readonly warnings: readonly RenderProblem[];
    }
  | { readonly kind: 'failed'; readonly problems: readonly RenderProblem[] };

/** One rendering that can be used again. Plain data: it can be serialised. */
export interface MemoEntry extends Trace {
  readonly stack: string;
  readonly folder: string;
  /** Folder on the hosts to which relative binds belong; empty: none. */
  readonly directory: string;
  /** Compose files, merged left to right. */
  readonly files: readonly string[];
  /** Stacks that come first. */
  readonly after: readonly string[];
  readonly result: ClassResult;
}

/** All renderings worth keeping. */
export type Memo = readonly MemoEntry[];

/** Finds renderings by what they looked at, for one state of the repository. */
export class MemoIndex {
  private readonly entries = new Map<string, MemoEntry[]>();
  /** Entries of a key that hold for this repository, by the names of the variables they read, then by their values. */
  private readonly valid = new Map<string, Promise<Shape[]>>();
  private readonly fingerprints = new Map<string, Promise<string>>();
  private readonly used = new Set<MemoEntry>();
  private readonly transient = new Set<MemoEntry>();
  private readonly repository: RepositoryReader;

  constructor(repository: RepositoryReader, memo: Memo) {
    this.repository = repository;
    for (const entry of memo) {
      const key = keyOf(entry);
      const list = this.entries.get(key);
      if (list === undefined) this.entries.set(key, [entry]);
      else list.push(entry);
    }
  }

  /** A rendering of that stack and those files which looked only at what is the same now. */
  async find(
    wanted: Pick<MemoEntry, 'stack' | 'folder' | 'directory' | 'files' | 'after'>,
    variables: VariableSource,
  ): Promise<MemoEntry | undefined> {
    for (const shape of await this.shapes(keyOf(wanted))) {
      const found = shape.byValues.get(valuesKey(shape.names, variables));
      if (found === undefined) continue;
      if (!this.transient.has(found)) this.used.add(found);
      return found;
    }
    return undefined;
  }

  /** Adds a rendering of this repository; one that is not worth keeping is found for the life of this index only. */
  async add(entry: MemoEntry, keep: boolean): Promise<void> {
    addToShapes(await this.shapes(keyOf(entry)), entry);
    if (keep) this.used.add(entry);
    else this.transient.add(entry);
  }

  /** What was found or added: the rest belongs to older commits. */
  usedEntries(): Memo {
    return [...this.used];
  }

  private shapes(key: string): Promise<Shape[]> {
    let shapes = this.valid.get(key);
    if (shapes === undefined) {
      shapes = this.validShapes(this.entries.get(key) ?? []);
      this.valid.set(key, shapes);
    }
    return shapes;
  }

  private async validShapes(entries: readonly MemoEntry[]): Promise<Shape[]> {
    const shapes: Shape[] = [];
    for (const entry of entries) if (await this.holds(entry)) addToShapes(shapes, entry);
    return shapes;
  }

  private async holds(entry: MemoEntry): Promise<boolean> {
    for (const [path, fingerprint] of entry.paths) {
      if ((await this.fingerprint(path, fingerprint.startsWith('d:'))) !== fingerprint) return false;
    }
    return true;
  }

  private fingerprint(path: string, listed: boolean): Promise<string> {
    const key = `${listed ? 'd' : '-'}${path}`;
    let fingerprint = this.fingerprints.get(key);
    if (fingerprint === undefined) {
      // A tree that cannot be read matches nothing: rendering then meets the same error and reports it.
      fingerprint = this.repository.lookup(path).then(
        (entry) => fingerprintOf(entry, listed),
        () => 'unreadable',
      );
      this.fingerprints.set(key, fingerprint);
    }
    return fingerprint;
  }
}

interface Shape {
  readonly key: string;
  readonly names: readonly string[];
  readonly byValues: Map<string, MemoEntry>;
}

function addToShapes(shapes: Shape[], entry: MemoEntry): void {
  const names = entry.variables.map(([name]) => name);
  const key = names.join('\n');
  let shape = shapes.find((candidate) => candidate.key === key);
  if (shape === undefined) {
    shape = { key, names, byValues: new Map() };
    shapes.push(shape);
  }
  const values = new Map(entry.variables);
  shape.byValues.set(valuesKey(names, { get: (name) => values.get(name) ?? undefined }), entry);
}

/** Values of the names in order; an unset one differs from an empty one. */
function valuesKey(names: readonly string[], variables: VariableSource): string {
  return JSON.stringify(names.map((name) => variables.get(name) ?? null));
}

function keyOf({
  stack,
  folder,
  directory,
  files,
  after,
}: Pick<MemoEntry, 'stack' | 'folder' | 'directory' | 'files' | 'after'>): string {
  return JSON.stringify([stack, folder, directory, files, after]);
}
