import { growMarker } from './marker.ts';
import { performWrite } from './perform-write.ts';
import type { Sqlite } from './sqlite.ts';
import type { Write, WriteOutcome } from './write.ts';

/** How a batch is committed, where a write-ahead log is kept. */
export interface BatchLog {
  /** The first of a new log: it says so in the marker. */
  readonly beginsLog: boolean;
  /** Called after COMMIT: not when SQLite gave the transaction up. */
  readonly committed: () => void;
}

/**
 * Performs changes in one transaction and returns the outcome of each after COMMIT. A change that is refused is undone alone; when SQLite
 * gives up the transaction itself (disk full, read error), every change of the batch failed and none of it is stored.
 */
export function commitBatch(database: Sqlite, writes: readonly Write[], log?: BatchLog): WriteOutcome[] {
  let outcomes: WriteOutcome[];
  try {
    database.run('BEGIN IMMEDIATE');
    if (log?.beginsLog) growMarker(database, 0);
    outcomes = performAll(database, writes);
    database.run('COMMIT');
  } catch (failure) {
    if (database.inTransaction()) database.run('ROLLBACK');
    return writes.map(() => ({ failure }));
  }
  log?.committed();
  return outcomes;
}

/** Nearly always nothing is refused, and nothing needs to be undone alone: only then one by one. */
function performAll(database: Sqlite, writes: readonly Write[]): WriteOutcome[] {
  database.run('SAVEPOINT all_writes');
  try {
    const outcomes = writes.map((write) => ({ answer: performWrite(database, write) }));
    database.run('RELEASE all_writes');
    return outcomes;
  } catch (failure) {
    if (!database.inTransaction()) throw failure;
    database.run('ROLLBACK TO all_writes');
    database.run('RELEASE all_writes');
    return writes.map((write) => performAlone(database, write));
  }
}

function performAlone(database: Sqlite, write: Write): WriteOutcome {
  database.run('SAVEPOINT one_write');
  try {
    const answer = performWrite(database, write);
    database.run('RELEASE one_write');
    return { answer };
  } catch (failure) {
    if (!database.inTransaction()) throw failure;
    database.run('ROLLBACK TO one_write');
    database.run('RELEASE one_write');
    return { failure };
  }
}
