import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { fetchBranch, makeClone, type Remote } from './git.ts';
import { type Ancestry, ancestryOf } from './git-history.ts';
import type { HttpLimits } from './git-http.ts';
import { ObjectStore } from './git-objects.ts';

/** Packs above which a clone is made anew: each fetch adds one, and every lookup asks each. */
export const MAX_PACKS = 50;
/** Depths that are tried in turn when the accepted commit lies deeper than the clone; the last one is all of it. */
const DEEPENINGS = [100, 2000, 0x7fff_ffff] as const;

/** A clone of one branch below the hub's data folder. */
export interface CloneOptions {
  readonly remote: Remote;
  readonly branch: string;
  /** Folder that holds clones, each in a folder named by its URL and branch. */
  readonly folder: string;
  readonly limits: HttpLimits;
}

/** Where the clone of that URL and branch is. */
export function clonePath({ remote, branch, folder }: Pick<CloneOptions, 'remote' | 'branch' | 'folder'>): string {
  const name = createHash('sha256').update(`${remote.url}\n${branch}`).digest('hex').slice(0, 16);
  return join(folder, `clone-${name}`);
}

/**
 * Brings the clone up to date and returns the branch's head: depth 1 the first time, what is new later. A clone that cannot be used is made
 * anew once. Throws SOURCE_* and GIT_* errors.
 */
export async function updateClone(options: CloneOptions): Promise<string> {
  const { remote, branch, limits } = options;
  const gitdir = clonePath(options);
  if (await exists(gitdir)) {
    try {
      return await fetchBranch(remote, { gitdir, branch }, limits);
    } catch (error) {
      if (error instanceof MooringError) throw error;
      // Anything else is the library stumbling over a clone that a crash left half written.
    }
  }
  return replaceClone(options);
}

/** Makes the clone anew beside the old one, then puts it in its place; other clones are removed. Returns its head. */
export async function replaceClone(options: CloneOptions, wanted?: string): Promise<string> {
  const gitdir = clonePath(options);
  const fresh = `${gitdir}.new`;
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  await rm(fresh, { recursive: true, force: true });
  await makeClone(fresh);
  const head = await fetchBranch(options.remote, { gitdir: fresh, branch: options.branch, depth: 1 }, options.limits);
  // When compacting, a clone that lacks the accepted commit is worth less than the old one.
  if (wanted !== undefined && head !== wanted) {
    await rm(fresh, { recursive: true, force: true });
    return head;
  }
  for (const name of await readdir(options.folder)) {
    const path = join(options.folder, name);
    if (name.startsWith('clone-') && path !== fresh) await rm(path, { recursive: true, force: true });
  }
  await rename(fresh, gitdir);
  return head;
}

/** Tells whether `commit` descends from `ancestor`, deepening the clone as far as it takes. */
export async function provenAncestry(options: CloneOptions, commit: string, ancestor: string): Promise<Ancestry> {
  const gitdir = clonePath(options);
  for (const depth of [undefined, ...DEEPENINGS]) {
    if (depth !== undefined)
      await fetchBranch(options.remote, { gitdir, branch: options.branch, depth }, options.limits);
    const ancestry = await withObjects(gitdir, (objects) => ancestryOf(objects, { gitdir, commit, ancestor }));
    if (ancestry !== 'cut') return ancestry;
  }
  return 'unrelated';
}

/** Opens the objects of a repository for as long as the task runs. */
export async function withObjects<T>(gitdir: string, task: (objects: ObjectStore) => Promise<T>): Promise<T> {
  const objects = new ObjectStore(gitdir);
  try {
    return await task(objects);
  } finally {
    await objects.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
