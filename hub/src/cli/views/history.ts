import { type Revision, RevisionVerdict } from '@mooring/proto';
import { formatAge } from '../ages.ts';
import { formatTable } from '../table.ts';

// Characters that leave room for the subject.
const AUTHOR_WIDTH = 16;

/** `mooring history`: decisions on commits, newest first; behind them what hosts told of. */
export function historyText(revisions: readonly Revision[], nowMs: number): string {
  if (revisions.length === 0) return 'No revisions yet.';
  const rows = revisions.map((revision) => [
    revision.commit.slice(0, 12),
    verdictOf(revision),
    formatAge(Math.max(0, nowMs - Number(revision.decidedAtMs))),
    revision.assignmentsIssued,
    authorName(revision.author),
    subjectOf(revision),
  ]);
  return formatTable(['COMMIT', 'VERDICT', 'AGE', 'HOSTS', 'AUTHOR', 'SUBJECT'], rows);
}

/** What a host told of is not what this hub knows. */
function verdictOf({ toldBy, verdict }: Revision): string {
  if (toldBy !== '') return 'told';
  return verdict === RevisionVerdict.REVISION_VERDICT_ACCEPTED ? 'accepted' : 'refused';
}

function subjectOf({ toldBy, subject, problems: [problem] }: Revision): string {
  if (toldBy !== '') return `by ${toldBy}${subject === '' ? '' : `: ${subject}`}`;
  return problem === undefined ? subject : `${problem.code}: ${problem.message}`;
}

/** `Ada Lovelace <ada@example>` without the address, short enough for its column. */
function authorName(author: string): string {
  const name = author.replace(/\s*<.*>$/, '');
  return name.length <= AUTHOR_WIDTH ? name : `${name.slice(0, AUTHOR_WIDTH - 1)}…`;
}
