import { Bundle, type ErrorCode, MooringError } from '@mooring/proto';
import { problemOf, problemsOf } from '../render/problem.ts';
import { type FleetRendering, renderFleet } from '../render/render-fleet.ts';
import type { Rendering } from '../render/rendering.ts';
import { type CloneOptions, clonePath, provenAncestry, replaceClone, updateClone, withObjects } from './clone.ts';
import { findRevision, removeApart } from './find-revision.ts';
import { type Commit, readCommit } from './git-commit.ts';
import { openGitFolder } from './git-folder.ts';
import { ancestryOf } from './git-history.ts';
import type { ObjectStore } from './git-objects.ts';
import { CommitTree } from './git-tree.ts';
import { readHead } from './refs.ts';
import type { CompactTask, RenderTask, Reply, Task, WireRendering } from './task.ts';

// Runs in a disposable process: one task, then it is killed. Everything that touches fetched bytes happens here.

/** Nothing here runs longer than the process may: its parent holds the clock. */
const NEVER = new AbortController().signal;

process.once('message', (task) => {
  // The parent is the only one that can send, and sends tasks only.
  perform(task as Task).catch(async (error: unknown) => {
    const [problem] = error instanceof MooringError ? [problemOf(error)] : problemsOf(error);
    if (problem !== undefined) await reply({ kind: 'failed', problem });
  });
});
process.once('disconnect', () => process.exit());

async function perform(task: Task): Promise<void> {
  if (task.kind === 'compact') return compact(task);
  const options = cloneOptions(task);
  // Somebody else's repository is theirs to mend; a clone of ours that lost objects is made anew, once.
  if (options === undefined) return answer(await render(task, options));
  let rendering: Rendered | undefined;
  try {
    rendering = await render(task, options);
  } catch (error) {
    if (!(error instanceof MooringError && DAMAGE.has(error.code))) throw error;
  }
  if (
    rendering === undefined ||
    (rendering.kind === 'refused' && rendering.problems.some(({ code }) => DAMAGE.has(code)))
  ) {
    await (isRevision(task.wanted) ? removeApart(options) : replaceClone(options));
    rendering = await render(task, options);
  }
  return answer(rendering);
}

type Rendered = FleetRendering & { packs: number };

const DAMAGE: ReadonlySet<string> = new Set<ErrorCode>(['GIT_OBJECT_MISSING', 'GIT_OBJECT_CORRUPT']);

async function render(task: RenderTask, options: CloneOptions | undefined): Promise<Rendered> {
  const { gitdir, head } = await prepare(task, options);
  return withObjects(gitdir, async (objects) => {
    const commit = await readCommit(objects, head);
    const { subject, author, committedAtMs } = commit;
    await reply({ kind: 'commit', info: { commit: head, subject, author, committedAtMs } });
    if (task.wanted === 'head') await checkHistory(task, { options, gitdir, commit, objects });
    await reply({ kind: 'reading' });
    const repository = new CommitTree(objects, commit.tree);
    const rendering = await renderFleet({ repository, inventory: task.inventory, memo: task.memo });
    return { ...rendering, packs: options === undefined ? 0 : await objects.packCount() };
  });
}

/** Brings what is wanted to this machine. */
async function prepare(task: RenderTask, options: CloneOptions | undefined): Promise<{ gitdir: string; head: string }> {
  const { location } = task.branch;
  if (isRevision(task.wanted)) return findRevision(task.branch, options, task.wanted.revision);
  const wanted = task.wanted === 'head' ? undefined : task.wanted.commit;
  if (options !== undefined) {
    return {
      gitdir: clonePath(options),
      head: await (wanted === undefined ? updateClone(options) : fetchCommit(options, wanted)),
    };
  }
  if (location.kind !== 'local') throw new TypeError('a remote location has clone options');
  const { gitdir } = await openGitFolder(location.folder);
  return { gitdir, head: wanted ?? (await readHead(task.branch, { maxBytes: 0, signal: NEVER })) };
}

function isRevision(wanted: RenderTask['wanted']): wanted is { readonly revision: string } {
  return wanted !== 'head' && 'revision' in wanted;
}

/** A commit that the clone has needs no server, which may be down. */
async function fetchCommit(options: CloneOptions, wanted: string): Promise<string> {
  if (await withObjects(clonePath(options), (objects) => objects.has(wanted))) return wanted;
  await provenAncestry(options, await updateClone(options), wanted);
  return wanted;
}

/** A branch may only grow: a head that does not descend from the accepted commit is held (SLSA source track, history integrity). */
async function checkHistory(
  { accepted, rewrite }: RenderTask,
  {
    options,
    gitdir,
    commit,
    objects,
  }: { options: CloneOptions | undefined; gitdir: string; commit: Commit; objects: ObjectStore },
): Promise<void> {
  if (accepted === undefined || accepted === commit.oid || rewrite === commit.oid) return;
  const ancestry =
    options === undefined
      ? await ancestryOf(objects, { gitdir, commit: commit.oid, ancestor: accepted })
      : await provenAncestry(options, commit.oid, accepted);
  if (ancestry === 'descends') return;
  throw new MooringError(
    'GIT_HISTORY_REWOUND',
    `Cannot accept commit ${commit.oid}: it does not descend from ${accepted}, which the fleet runs; a commit on top of that one is wanted`,
    {
      hint: `Put the change on top of ${accepted.slice(0, 12)} (git revert goes back) and push that; or, where the branch was rewritten on purpose: mooring accept ${commit.oid}`,
    },
  );
}

async function compact(task: CompactTask): Promise<void> {
  const options = cloneOptions(task);
  if (options !== undefined) await replaceClone(options, task.accepted);
  await reply({ kind: 'compacted' });
}

function cloneOptions({ branch, folder, maxFetchBytes }: Task): CloneOptions | undefined {
  if (branch.location.kind === 'local') return undefined;
  const remote = { url: branch.location.url, token: branch.token };
  return { remote, branch: branch.name, folder, limits: { maxBytes: maxFetchBytes, signal: NEVER } };
}

async function answer(rendering: Rendered): Promise<void> {
  if (rendering.kind === 'refused') return reply(rendering);
  return reply({
    kind: 'rendered',
    rendering: onTheWire(rendering.rendering),
    memo: rendering.memo,
    packs: rendering.packs,
  });
}

function onTheWire(rendering: Rendering): WireRendering {
  return {
    ...rendering,
    classes: rendering.classes.map(({ bundle, ...rest }) => ({ ...rest, bytes: Bundle.encode(bundle).finish() })),
  };
}

function reply(message: Reply): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, {}, (error) => (error === null ? resolve() : reject(error)));
  });
}
