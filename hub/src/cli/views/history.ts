import { type Revision, RevisionVerdict } from '@mooring/proto';
import { formatAge } from '../ages.ts';
import { formatTable } from '../table.ts';

// Characters that leave room for the subject.
const AUTHOR_WIDTH = 16;

/** `mooring history`: decisions on commits, newest first. */
export function historyText(revisions: readonly Revision[], nowMs: number): string {
  if (revisions.length === 0) return 'No revisions yet.';
  const rows = revisions.map((revision) => [
    revision.commit.slice(0, 12),
    revision.verdict === RevisionVerdict.REVISION_VERDICT_ACCEPTED ? 'accepted' : 'refused',
    formatAge(Math.max(0, nowMs - Number(revision.decidedAtMs))),
    revision.assignmentsIssued,
    authorName(revision.author),
    revision.problems[0] === undefined
      ? revision.subject
      : `${revision.problems[0].code}: ${revision.problems[0].message}`,
  ]);
  return formatTable(['COMMIT', 'VERDICT', 'AGE', 'HOSTS', 'AUTHOR', 'SUBJECT'], rows);
}

/** `Ada Lovelace <ada@example>` without the address, short enough for its column. */
function authorName(author: string): string {
  const name = author.replace(/\s*<.*>$/, '');
  return name.length <= AUTHOR_WIDTH ? name : `${name.slice(0, AUTHOR_WIDTH - 1)}…`;
}
