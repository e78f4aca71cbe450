import {
  type ListRevisionsRequest,
  type ListRevisionsResponse,
  MooringError,
  Revision,
  RevisionVerdict,
} from '@mooring/proto';
import type { RevisionRecord, ToldRevision } from '../store/store.ts';
import { fitting, numberPosition, pageSize, pageToken } from './paging.ts';
import type { QueryParts } from './parts.ts';

/** What a commit is asked for by: enough of its hex digits to mean one. */
const COMMIT_PREFIX = /^[0-9a-f]{7,64}$/;

/** Revisions, newest first; behind this hub's own come those that hosts told of, each with who did. */
export function listRevisions({ store }: QueryParts, request: ListRevisionsRequest): ListRevisionsResponse {
  const size = pageSize(request.pageSize);
  const records = store.revisions(size, numberPosition('revisions', request.pageToken));
  const revisions = fitting(records, toRevision, (revision) => Revision.encode(revision).finish().byteLength);
  const last = records[revisions.length - 1];
  const isLast = revisions.length === records.length && records.length < size;
  return {
    revisions: isLast ? [...revisions, ...store.toldRevisions().map(fromTold)] : revisions,
    nextPageToken: last === undefined || isLast ? '' : pageToken('revisions', String(last.sequence)),
  };
}

/** Checks what a caller names a commit by. Throws INVALID_ARGUMENT. */
export function commitPrefix(text: string): string {
  const prefix = text.toLowerCase();
  if (COMMIT_PREFIX.test(prefix)) return prefix;
  const message = 'Cannot look for the revision: it is no commit; 7 to 64 hex digits are wanted';
  throw new MooringError('INVALID_ARGUMENT', message, { hint: '`mooring history` lists the revisions.' });
}

/** What a host's assignment tells of a commit that this hub never decided on. */
function fromTold({ commit, host, issuedAtMs, reason, actor }: ToldRevision): Revision {
  return {
    ...Revision.create(),
    commit,
    subject: reason,
    author: actor,
    decidedAtMs: BigInt(issuedAtMs),
    verdict: RevisionVerdict.REVISION_VERDICT_ACCEPTED,
    toldBy: host,
  };
}

/** A decision as the API shows it. */
export function toRevision(record: RevisionRecord): Revision {
  const { commit, subject, author, verdict, classesRendered, objectsPublished, assignmentsIssued } = record;
  return {
    commit,
    subject,
    author,
    verdict,
    classesRendered,
    objectsPublished,
    assignmentsIssued,
    committedAtMs: BigInt(record.committedAtMs),
    decidedAtMs: BigInt(record.decidedAtMs),
    problems: [...record.problems],
    warnings: [...record.warnings],
    toldBy: '',
  };
}
