import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { type CloneOptions, clonePath, provenAncestry, replaceClone, withObjects } from './clone.ts';
import { escapeText } from './entry-name.ts';
import { listLocalRefs, listRemoteRefs, localHead, type Ref } from './git.ts';
import { openGitFolder } from './git-folder.ts';
import { type Branch, locationText } from './refs.ts';

/** Folder, below that of the clones, of the one clone that revisions are read from which the followed clone does not have. */
const APART = 'apart';
const COMMIT = /^[0-9a-f]{40}$/;
/** Digits that are enough to mean one commit. */
const COMMIT_PREFIX = /^[0-9a-f]{7,39}$/;
const BRANCHES = 'refs/heads/';
/** What git check-ref-format(1) allows in the name of a branch. */
const BRANCH_NAME = /^(?![-/.])(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)))[^\p{Cc} ~^:?*[\\]+(?<![./])$/u;

/** A commit and the repository that has it. */
export interface Found {
  readonly gitdir: string;
  readonly head: string;
}

/**
 * Finds a revision that is not followed: a branch by its name, a commit by its full name, or the head of a branch by its first digits. What the
 * followed clone lacks is fetched into a clone apart, of which there is one at a time: nothing that is followed moves or grows. Throws
 * GIT_REF_MISSING, INVALID_ARGUMENT, SOURCE_* and GIT_* errors.
 */
export async function findRevision(branch: Branch, clone: CloneOptions | undefined, revision: string): Promise<Found> {
  checkRevisionName(revision);
  const found = await (clone === undefined ? findLocal(branch, revision) : findRemote(clone, revision));
  if (found !== undefined) return found;
  throw new MooringError(
    'GIT_REF_MISSING',
    `Cannot find revision "${escapeText(revision)}" in ${locationText(branch.location)}: it has no such commit or branch; one that was pushed is wanted`,
    { hint: 'Push it, or name a commit by all of its 40 digits.' },
  );
}

/** Refuses what can name neither a commit nor a branch. Throws INVALID_ARGUMENT. */
export function checkRevisionName(revision: string): void {
  if (BRANCH_NAME.test(revision)) return;
  const message = `Cannot look for revision "${escapeText(revision)}": it is no name; a commit or the name of a branch is wanted`;
  throw new MooringError('INVALID_ARGUMENT', message, { hint: '`mooring history` lists commits.' });
}

/** Removes the clone apart: it can be fetched again. */
export async function removeApart({ folder }: CloneOptions): Promise<void> {
  await rm(join(folder, APART), { recursive: true, force: true });
}

async function findLocal({ location }: Branch, revision: string): Promise<Found | undefined> {
  if (location.kind !== 'local') throw new TypeError('a remote location has clone options');
  const { gitdir } = await openGitFolder(location.folder);
  if (COMMIT.test(revision)) return (await has(gitdir, revision)) ? { gitdir, head: revision } : undefined;
  const head = (await localHead(gitdir, revision)) ?? (await headByDigits(revision, () => listLocalRefs(gitdir)))?.oid;
  return head === undefined ? undefined : { gitdir, head };
}

async function findRemote(clone: CloneOptions, revision: string): Promise<Found | undefined> {
  const apart = { ...clone, folder: join(clone.folder, APART) };
  if (COMMIT.test(revision)) {
    // What is here needs no server, which may be down.
    for (const gitdir of [clonePath(clone), ...(await clonesIn(apart.folder))]) {
      if (await has(gitdir, revision)) return { gitdir, head: revision };
    }
  }
  const refs = await listRemoteRefs(clone.remote, BRANCHES, clone.limits);
  const ref =
    refs.find(({ name }) => name === `${BRANCHES}${revision}`) ?? (await headByDigits(revision, async () => refs));
  if (ref === undefined) return COMMIT.test(revision) ? await findDeep(apart, revision) : undefined;
  const followed = clonePath(clone);
  if (await has(followed, ref.oid)) return { gitdir: followed, head: ref.oid };
  return await fetchApart({ ...apart, branch: ref.name.slice(BRANCHES.length) }, ref.oid);
}

/** The clone apart, whichever branch it is of. */
async function clonesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => /^clone-[0-9a-f]+$/.test(name)).map((name) => join(folder, name));
}

/** The head whose name begins with the digits: a full name finds its branch as well. */
async function headByDigits(revision: string, refs: () => Promise<readonly Ref[]>): Promise<Ref | undefined> {
  if (!COMMIT.test(revision) && !COMMIT_PREFIX.test(revision)) return undefined;
  return (await refs()).find(({ name, oid }) => name.startsWith(BRANCHES) && oid.startsWith(revision));
}

async function fetchApart(apart: CloneOptions, oid: string): Promise<Found> {
  const gitdir = clonePath(apart);
  if (await has(gitdir, oid)) return { gitdir, head: oid };
  // The branch may have moved since it was listed: its head of now is what its name means.
  return { head: await replaceClone(apart), gitdir };
}

/** A commit that is no head lies on the followed branch, or is not looked for: a fetch names branches only. */
async function findDeep(apart: CloneOptions, oid: string): Promise<Found | undefined> {
  const gitdir = clonePath(apart);
  const head = await replaceClone(apart);
  await provenAncestry(apart, head, oid);
  return (await has(gitdir, oid)) ? { gitdir, head: oid } : undefined;
}

async function has(gitdir: string, oid: string): Promise<boolean> {
  const there = await stat(gitdir).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  return there && (await withObjects(gitdir, (objects) => objects.has(oid)));
}
