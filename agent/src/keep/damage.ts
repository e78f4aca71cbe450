import { join } from 'node:path';
import { digestOf, type FileMount, type TreeMount } from '@mooring/proto';
import type { ContentState } from '../observe/observed.ts';
import type { DesiredStack } from '../plan/desired.ts';
import type { ContentStore } from './content-store.ts';
import { type Disk, diskError, type FileStatus } from './disk.ts';

/** Bits of a mode that say who may do what. */
const RIGHTS = 0o777;
const GONE = 'gone';
/** Milliseconds by which a file system and a clock may differ. */
const CLOCK_STEP_MS = 1_000;
/** Before any container was started: 1970. */
const LONG_AGO_MS = 1_000;

/** What looking takes. */
interface DamageCheckParts {
  readonly contents: ContentStore;
  readonly disk: Disk;
  readonly nowMs: () => number;
}

/**
 * Looks at the contents behind mounts: whether each is what was signed, and since when it is there. A file is read again only when its inode, size,
 * or times of change say that somebody touched it.
 */
export class DamageCheck {
  readonly #contents: ContentStore;
  readonly #disk: Disk;
  readonly #nowMs: () => number;
  /** Stamp of each file that was found to be what its name says. */
  readonly #sound = new Map<string, string>();
  readonly #seen = new Set<string>();

  constructor({ contents, disk, nowMs }: DamageCheckParts) {
    this.#contents = contents;
    this.#disk = disk;
    this.#nowMs = nowMs;
  }

  /** By the path that containers mount. */
  look(stacks: readonly DesiredStack[]): ReadonlyMap<string, ContentState> {
    const states = new Map<string, ContentState>();
    this.#seen.clear();
    for (const { bundle } of stacks) {
      for (const { source } of bundle.services.flatMap(({ container }) => container?.mounts ?? [])) {
        if (source?.$case === 'file') this.#file(states, source.value);
        if (source?.$case === 'tree') this.#tree(states, source.value);
      }
    }
    for (const path of this.#sound.keys()) if (!this.#seen.has(path)) this.#sound.delete(path);
    return states;
  }

  #file(states: Map<string, ContentState>, { digest, executable }: FileMount): void {
    const path = this.#contents.content(digest, executable);
    if (!states.has(path)) states.set(path, { damage: this.#check(path, digest), sinceMs: this.#changedMs(path) });
  }

  #tree(states: Map<string, ContentState>, { digest, entries }: TreeMount): void {
    const root = this.#contents.tree(digest);
    if (states.has(root)) return;
    const wanted = new Set(entries.map(({ path }) => path));
    const extra = this.#filesBelow(root, '').find((path) => !wanted.has(path));
    const damage = entries
      .map((entry) => this.#check(join(root, entry.path), entry.digest))
      .find((found) => found !== '');
    states.set(root, {
      damage: damage ?? (extra === undefined ? '' : `another file ${extra}`),
      sinceMs: this.#changedMs(root),
    });
  }

  /** Empty: sound. */
  #check(path: string, digest: string): string {
    this.#seen.add(path);
    const status = this.#disk.look(path);
    if (status?.isFile !== true) return GONE;
    const stamp = stampOf(status);
    if (this.#sound.get(path) === stamp) return '';
    const found = digestOf(this.#disk.read(path));
    if (found !== digest) return found;
    this.#sound.set(path, stamp);
    return '';
  }

  /**
   * A content is written once, and a folder's names are made once: what changed later took the place of what was there. A time that lies ahead was
   * told by a clock that was set back since, and says nothing: containers would be restarted for it until the clock has caught up.
   */
  #changedMs(path: string): number {
    const changedMs = this.#disk.look(path)?.mtimeMs ?? 0;
    if (changedMs <= this.#nowMs() + CLOCK_STEP_MS) return changedMs;
    try {
      this.#disk.setTime(path, LONG_AGO_MS);
    } catch (error) {
      // A disk that takes nothing: the time is passed over again at the next look.
      if (diskError('set a time', error).code !== 'DISK_FULL') throw error;
    }
    return LONG_AGO_MS;
  }

  /** Paths of everything below a folder that is no folder. */
  #filesBelow(root: string, folder: string): readonly string[] {
    const here = join(root, folder);
    if (this.#disk.look(here)?.isFolder !== true) return [];
    return this.#disk.list(here).flatMap(({ name, isFolder }) => {
      const path = folder === '' ? name : `${folder}/${name}`;
      return isFolder ? this.#filesBelow(root, path) : [path];
    });
  }
}

function stampOf({ dev, ino, size, mtimeMs, ctimeMs, mode }: FileStatus): string {
  return [dev, ino, size, mtimeMs, ctimeMs, mode & RIGHTS].join(' ');
}
