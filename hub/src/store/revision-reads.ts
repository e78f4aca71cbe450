import { Revision, RevisionVerdict } from '@mooring/proto';
import type { Sqlite } from './sqlite.ts';
import type { RevisionRecord, RevisionStore } from './store.ts';
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
export type RevisionReads = Omit<RevisionStore, 'addRevision' | 'updateRevision'>;

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
  }).finish();
  return { commit, verdict, objectsPublished, assignmentsIssued, body };
}

function toRecord({ body, issued, ...counts }: StoredRevision): RevisionRecord {
  const revision = Revision.decode(body);
  return {
    ...revision,
    ...counts,
    issued: issued === 1,
    committedAtMs: Number(revision.committedAtMs),
    decidedAtMs: Number(revision.decidedAtMs),
  };
}
