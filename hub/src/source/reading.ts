import { extname } from 'node:path';
import { type ErrorCode, MooringError, type RenderProblem } from '@mooring/proto';
import type { Memo } from '../render/memo.ts';
import { problemOf } from '../render/problem.ts';
import type { InventoryHost, Rendering } from '../render/rendering.ts';
import { type DisposableLimits, runDisposable } from './disposable.ts';
import { asReply, receivedRendering } from './received.ts';
import type { CommitInfo, Reply, Task } from './task.ts';

/** A rendering, or why the commit is refused. */
export type Outcome =
  | { readonly kind: 'rendered'; readonly rendering: Rendering }
  | {
      readonly kind: 'refused';
      readonly problems: readonly RenderProblem[];
      readonly warnings: readonly RenderProblem[];
    };

/** What came of reading one commit. */
export interface Reading {
  readonly info: CommitInfo;
  readonly outcome: Outcome;
  /** What the next rendering should be given; undefined: what this one was given. */
  readonly memo: Memo | undefined;
  /** Packs of the clone. */
  readonly packs: number;
}

/** The module that does the work, beside this one in source, in the build, and in the bundle (.mjs). */
const CHILD = new URL(`./child${extname(import.meta.url)}`, import.meta.url);

/** Failures that lie in the commit even before its files are read: a pack that no process of its size can take in. */
const OF_THE_COMMIT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SOURCE_CHILD_FAILED',
  'SOURCE_TOO_LARGE',
  'GIT_HISTORY_REWOUND',
  'GIT_OBJECT_MISSING',
  'GIT_OBJECT_CORRUPT',
  'GIT_OBJECT_TOO_LARGE',
]);

/** What these say of a commit that nobody has seen is said of the way here: a server broke off in the middle, and may send it whole the next time. */
const OF_THE_WAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['GIT_OBJECT_MISSING', 'GIT_OBJECT_CORRUPT']);

/**
 * Reads and renders a commit in a process of its own. A commit that breaks that process is refused; a failure to reach or to follow the
 * repository is thrown, as it says nothing about any commit. `head` names the commit where the process did not come to tell.
 */
export async function readCommitApart(
  task: Task & { kind: 'render' },
  { head, limits, signal }: { head: string; limits: DisposableLimits; signal: AbortSignal },
): Promise<Reading> {
  let info: CommitInfo = { commit: head, subject: '', author: '', committedAtMs: 0 };
  let isSeen = false;
  let isReading = false;
  let last: Reply | undefined;
  try {
    await runDisposable({
      module: CHILD,
      task,
      limits,
      signal,
      onMessage(message) {
        const reply = asReply(message);
        if (reply.kind === 'commit') [info, isSeen] = [reply.info, true];
        if (reply.kind === 'reading') isReading = true;
        last = reply;
        return reply.kind !== 'commit' && reply.kind !== 'reading';
      },
    });
    return { info, ...answered(last, task.inventory) };
  } catch (error) {
    if (!(error instanceof MooringError) || !(isReading || OF_THE_COMMIT.has(error.code))) throw error;
    if (!isSeen && OF_THE_WAY.has(error.code)) throw error;
    return {
      info,
      outcome: { kind: 'refused', problems: [withHint(problemOf(error), isReading)], warnings: [] },
      memo: undefined,
      packs: 0,
    };
  }
}

/** What is too large to fetch stays so for every later commit on top of it. */
function withHint(problem: RenderProblem, isReading: boolean): RenderProblem {
  const isFetching = problem.code === 'SOURCE_CHILD_FAILED' || problem.code === 'SOURCE_TOO_LARGE';
  if (isReading || !isFetching) return problem;
  return { ...problem, hint: "Take large files out of the branch's history since the accepted commit, and push that." };
}

/** Makes a clone with many packs anew. */
export async function compactApart(
  task: Task & { kind: 'compact' },
  { limits, signal }: { limits: DisposableLimits; signal: AbortSignal },
): Promise<void> {
  await runDisposable({
    module: CHILD,
    task,
    limits,
    signal,
    onMessage(message) {
      const reply = asReply(message);
      if (reply.kind === 'failed') throw thrown(reply.problem);
      return true;
    },
  });
}

function answered(reply: Reply | undefined, inventory: readonly InventoryHost[]): Omit<Reading, 'info'> {
  switch (reply?.kind) {
    case 'rendered':
      return {
        outcome: { kind: 'rendered', rendering: receivedRendering(reply.rendering, inventory) },
        memo: reply.memo,
        packs: reply.packs,
      };
    case 'refused':
      return {
        outcome: { kind: 'refused', problems: reply.problems, warnings: reply.warnings },
        memo: reply.memo,
        packs: 0,
      };
    case 'failed':
      throw thrown(reply.problem);
    default:
      throw new TypeError('the process ended without an answer');
  }
}

/** The error that a problem was made from, on this side of the process boundary. */
function thrown(problem: RenderProblem): MooringError {
  const place = problem.file === '' ? undefined : { file: problem.file };
  // Both ends are this program: the code is one of ours.
  return new MooringError(problem.code as ErrorCode, problem.message, {
    place,
    hint: problem.hint === '' ? undefined : problem.hint,
  });
}
