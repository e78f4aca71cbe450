import { type ErrorCode, MooringError, type RenderProblem } from '@mooring/proto';
import type { Rendering } from '../render/rendering.ts';
import type { RevisionReading } from '../source/follow.ts';
import type { QueryParts } from './parts.ts';

/** First digits of a commit that the hub may have decided on. */
const COMMIT_PREFIX = /^[0-9a-f]{7,39}$/;

/**
 * Renders what a caller names for the hosts of now: a commit by its name or first digits, a branch, or, where nothing is named, the newest accepted
 * commit. Nothing is stored. Throws NOT_FOUND, GIT_REF_MISSING, SOURCE_* and GIT_* errors.
 */
export function renderNamed(
  { store, renderRevision, inventory }: QueryParts,
  revision: string,
): Promise<RevisionReading> {
  return renderRevision(fullName(store, revision), inventory());
}

function fullName(store: QueryParts['store'], revision: string): string {
  if (revision !== '') return (COMMIT_PREFIX.test(revision) ? store.revision(revision)?.commit : undefined) ?? revision;
  const accepted = store.acceptedRevision();
  if (accepted !== undefined) return accepted.commit;
  throw new MooringError('NOT_FOUND', 'Cannot find the revision: none is accepted yet; an accepted one is wanted', {
    hint: 'Name a commit or a branch.',
  });
}

/** What it renders to. Throws the first problem of a revision that does not render. */
export function renderingOf({ info, outcome }: RevisionReading): Rendering {
  if (outcome.kind === 'rendered') return outcome.rendering;
  const [first] = outcome.problems;
  throw refusedRevision(info.commit, first, outcome.problems.length - 1);
}

function refusedRevision(commit: string, ...[problem, more]: [RenderProblem | undefined, number]): MooringError {
  const rest = more > 0 ? ` (and ${more} more)` : '';
  const reason = problem === undefined ? 'it does not render' : problem.message;
  // The renderer is this program: the code is one of ours.
  return new MooringError((problem?.code ?? 'RENDER_FAILED') as ErrorCode, `${reason}${rest}`, {
    place:
      problem === undefined || problem.file === ''
        ? undefined
        : { file: problem.file, line: problem.line, column: problem.column, field: problem.field },
    hint: [problem?.hint ?? '', `This is commit ${commit.slice(0, 12)}.`].filter((text) => text !== '').join(' '),
  });
}
