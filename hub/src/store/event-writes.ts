import { EVENT_RETENTION_MS, EVENT_RETENTION_ROWS, OUTBOX_RETENTION_ROWS, PRUNE_BATCH_ROWS } from './retention.ts';
import { rowDigest, stamp } from './row-digest.ts';
import type { Sqlite } from './sqlite.ts';
import type { Writes } from './write.ts';

/** Stores each event once: those at or below the outbox's mark were stored before. The mark outlives pruned events. */
export function addEvents(database: Sqlite, write: Writes['addEvents']['takes']): readonly number[] {
  const { host, outboxId, events, storedAtMs } = write;
  const ofHub = outboxId === '';
  let mark = ofHub ? -1 : storedSequence(database, host, outboxId);
  const cursors = events.map(({ sequence, stack, severity, body }) => {
    if (sequence <= mark) return 0;
    if (!ofHub) mark = sequence;
    return database.insert(
      'INSERT INTO events (host, stack, severity, stored_at_ms, body, row_digest) VALUES (?, ?, ?, ?, ?, ?)',
      host,
      stack,
      severity,
      storedAtMs,
      body,
      rowDigest(host, stack, severity, storedAtMs, body),
    );
  });
  if (!ofHub) putMark(database, write, mark);
  return cursors;
}

/** Highest stored sequence of an outbox; 0: none. */
export function storedSequence(database: Sqlite, host: string, outboxId: string): number {
  const row = database.one<{ sequence: number }>(
    'SELECT sequence FROM outboxes WHERE host = ? AND outbox_id = ?',
    host,
    outboxId,
  );
  return row?.sequence ?? 0;
}

function putMark(database: Sqlite, { host, outboxId, storedAtMs }: Writes['addEvents']['takes'], mark: number): void {
  database.run(
    'INSERT OR REPLACE INTO outboxes (host, outbox_id, sequence, used_at_ms) VALUES (?, ?, ?, ?)',
    host,
    outboxId,
    mark,
    storedAtMs,
  );
  stamp(database, 'outboxes', host, outboxId);
  database.run(
    `DELETE FROM outboxes WHERE host = ? AND outbox_id <> ? AND outbox_id NOT IN
       (SELECT outbox_id FROM outboxes WHERE host = ? ORDER BY used_at_ms DESC, outbox_id LIMIT ?)`,
    host,
    outboxId,
    host,
    OUTBOX_RETENTION_ROWS,
  );
}

/** Removes one batch of events beyond the retention; returns how many. Only the oldest rows are looked at: cursors and times grow together. */
export function pruneEvents(database: Sqlite, nowMs: number): number {
  // Cursors have no gaps but those of failed writes, so their span stands for the number of rows.
  return database.run(
    `DELETE FROM events WHERE cursor IN (
       SELECT cursor FROM (SELECT cursor, stored_at_ms FROM events ORDER BY cursor LIMIT ?)
       WHERE stored_at_ms < ? OR cursor <= (SELECT max(cursor) FROM events) - ?)`,
    PRUNE_BATCH_ROWS,
    nowMs - EVENT_RETENTION_MS,
    EVENT_RETENTION_ROWS,
  );
}
