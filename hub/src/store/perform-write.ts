import { pruneObjects, putAssignments, putObjects } from './assignment-writes.ts';
import { addEvents, pruneEvents } from './event-writes.ts';
import {
  addInvitation,
  admitHost,
  joinHost,
  pruneEndedKeys,
  pruneInvitations,
  putHighWater,
  putUser,
  removeHost,
  updateHost,
} from './identity-writes.ts';
import { putLastSeen, putReport } from './report-writes.ts';
import { PRUNE_BATCH_ROWS } from './retention.ts';
import { addRevision, addToldRevisions, updateRevision } from './revision-writes.ts';
import type { Sqlite } from './sqlite.ts';
import type { Write, WriteKind, Writes } from './write.ts';

const PERFORM: { readonly [K in WriteKind]: (database: Sqlite, takes: Writes[K]['takes']) => Writes[K]['answers'] } = {
  joinHost,
  admitHost,
  putHighWater,
  updateHost,
  removeHost,
  addInvitation,
  putUser,
  putAssignments,
  putObjects,
  pruneObjects,
  addRevision,
  updateRevision,
  addToldRevisions,
  putReport,
  putLastSeen,
  addEvents,
  prune: (database, { nowMs }) => {
    pruneInvitations(database, nowMs);
    pruneEndedKeys(database, nowMs);
    return pruneEvents(database, nowMs) === PRUNE_BATCH_ROWS;
  },
};

/** Performs one change inside a transaction; throws when it is refused. */
export function performWrite(database: Sqlite, write: Write): unknown {
  // The compiler does not follow that kind and takes belong together.
  const perform = PERFORM[write.kind] as (database: Sqlite, takes: unknown) => unknown;
  return perform(database, write.takes);
}
