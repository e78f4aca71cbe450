import { Revision, RevisionVerdict } from '@mooring/proto';
import type { Sqlite } from './sqlite.ts';
import type { RevisionRecord, RevisionStore, ToldRevision } from './store.ts';
import type { RevisionRow } from './write.ts';

interface StoredRevision {
  readonly sequence: number;
  readonly objectsPublished: number;
  readonly assignmentsIssued: number;
  readonly issued: number;
  readonly body: Uint8Array;
}

const REVISIONS = `SELECT sequence, objects_published AS objectsPublished, assignments_issued AS assignmentsIssued, issued, body
  FROM revisions`;
const ACCEPTED = RevisionVerdict.REVISION_VERDICT_ACCEPTED;

/** Reads of what became of commits. */
export type RevisionReads = Omit<RevisionStore, 'addRevision' | 'updateRevision' | 'addToldRevisions'>;

export function revisionReads(database: Sqlite): RevisionReads {
  const newest = (where: string, ...values: string[]) => {
    const row = database.one<StoredRevision>(`${REVISIONS} ${where} ORDER BY sequence DESC LIMIT 1`, ...values);
    return row === undefined ? undefined : toRecord(row);
  };
  return {
    revisions: (limit, belowSequence = Number.MAX_SAFE_INTEGER) =>
      database
        .all<StoredRevision>(`${REVISIONS} WHERE sequence < ? ORDER BY sequence DESC LIMIT ?`, belowSequence, limit)
        .map(toRecord),
    // The range of a prefix: no hex digit sorts behind "g".
    revision: (prefix) => newest('WHERE commit_id >= ? AND commit_id < ?', prefix, `${prefix}g`),
    newestRevision: () => newest(''),
    toldRevisions: () =>
      database.all<ToldRevision>(
        `SELECT commit_id AS "commit", host, issued_at_ms AS issuedAtMs, reason, actor FROM told_revisions
         WHERE commit_id NOT IN (SELECT commit_id FROM revisions) ORDER BY issued_at_ms DESC, commit_id`,
      ),
    acceptedRevision: () => newest(`WHERE verdict = ${ACCEPTED}`),
  };
}

/** A decision as a row. */
export function toRevisionRow(revision: Omit<RevisionRecord, 'sequence' | 'issued'>): RevisionRow {
  const { commit, verdict, objectsPublished, assignmentsIssued } = revision;
  const body = Revision.encode({
    ...revision,
    committedAtMs: BigInt(revision.committedAtMs),
    decidedAtMs: BigInt(revision.decidedAtMs),
    problems: [...revision.problems],
    warnings: [...revision.warnings],
    toldBy: '',
  }).finish();
  return { commit, verdict, objectsPublished, assignmentsIssued, body };
}

function toRecord({ body, issued, ...counts }: StoredRevision): RevisionRecord {
  // What hosts told of stands in a table of its own.
  const { toldBy: _, ...revision } = Revision.decode(body);
  return {
    ...revision,
    ...counts,
    issued: issued === 1,
    committedAtMs: Number(revision.committedAtMs),
    decidedAtMs: Number(revision.decidedAtMs),
  };
}
