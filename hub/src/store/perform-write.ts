import { pruneObjects, putAssignments, putObjects } from './assignment-writes.ts';
import { addEvents, pruneEvents } from './event-writes.ts';
import { addInvitation, joinHost, pruneInvitations, putUser, removeHost, updateHost } from './identity-writes.ts';
import { putLastSeen, putReport } from './report-writes.ts';
import { PRUNE_BATCH_ROWS } from './retention.ts';
import { addRevision, updateRevision } from './revision-writes.ts';
import type { Sqlite } from './sqlite.ts';
import type { Write, WriteKind, Writes } from './write.ts';

const PERFORM: { readonly [K in WriteKind]: (database: Sqlite, takes: Writes[K]['takes']) => Writes[K]['answers'] } = {
  joinHost,
  updateHost,
  removeHost,
  addInvitation,
  putUser,
  putAssignments,
  putObjects,
  pruneObjects,
  addRevision,
  updateRevision,
  putReport,
  putLastSeen,
  addEvents,
  prune: (database, { nowMs }) => {
    pruneInvitations(database, nowMs);
    return pruneEvents(database, nowMs) === PRUNE_BATCH_ROWS;
  },
};

/** Performs one change inside a transaction; throws when it is refused. */
export function performWrite(database: Sqlite, write: Write): unknown {
  // The compiler does not follow that kind and takes belong together.
  const perform = PERFORM[write.kind] as (database: Sqlite, takes: unknown) => unknown;
  return perform(database, write.takes);
}
