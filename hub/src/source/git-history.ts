import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { readCommit } from './git-commit.ts';
import type { ObjectStore } from './git-objects.ts';

/** Commits that are walked to prove an ancestry: a week of the busiest repositories. */
const MAX_WALKED_COMMITS = 50_000;

/** Whether `commit` is `ancestor` or descends from it; `cut` when the clone is too shallow to tell. */
export type Ancestry = 'descends' | 'unrelated' | 'cut';

/** Walks from `commit` towards its roots, newest first by breadth, until it meets `ancestor`. Throws GIT_* errors. */
export async function ancestryOf(
  objects: ObjectStore,
  { gitdir, commit, ancestor }: { gitdir: string; commit: string; ancestor: string },
): Promise<Ancestry> {
  const shallow = await readShallow(gitdir);
  const queue = [commit];
  const seen = new Set(queue);
  let cut = false;
  for (const oid of queue) {
    if (oid === ancestor) return 'descends';
    if (seen.size > MAX_WALKED_COMMITS) {
      throw new MooringError(
        'GIT_HISTORY_REWOUND',
        `Cannot accept commit ${commit}: ${ancestor} is not among its last ${MAX_WALKED_COMMITS} ancestors; a commit that descends from the accepted one is wanted`,
      );
    }
    if (shallow.has(oid)) {
      cut = true;
      continue;
    }
    for (const parent of (await readCommit(objects, oid)).parents) {
      if (!seen.has(parent)) queue.push(parent);
      seen.add(parent);
    }
  }
  return cut ? 'cut' : 'unrelated';
}

/** Commits whose parents a shallow clone does not have (gitrepository-layout(5), shallow). */
async function readShallow(gitdir: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(gitdir, 'shallow'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return new Set(text.split('\n').filter((line) => line !== ''));
}
