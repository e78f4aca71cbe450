import { Event, Severity } from '@mooring/proto';
import { storedSequence } from './event-writes.ts';
import type { Sqlite, SqlValue } from './sqlite.ts';
import type { EventQuery, EventStore } from './store.ts';
import type { EventRow } from './write.ts';

interface StoredEvent {
  readonly cursor: number;
  readonly storedAtMs: number;
  readonly body: Uint8Array;
}

/** Reads of what happened. */
export type EventReads = Omit<EventStore, 'addEvents' | 'addHubEvent'>;

export function eventReads(database: Sqlite): EventReads {
  return {
    events: (query) => {
      const { where, values } = conditions(query);
      const order = query.aboveCursor === undefined ? 'DESC' : 'ASC';
      return database
        .all<StoredEvent>(
          `SELECT cursor, stored_at_ms AS storedAtMs, body FROM events${where} ORDER BY cursor ${order} LIMIT ?`,
          ...values,
          query.limit,
        )
        .map(toEvent);
    },
    newestCursor: () =>
      BigInt(database.one<{ cursor: number | null }>('SELECT max(cursor) AS cursor FROM events')?.cursor ?? 0),
    storedSequence: (host, outboxId) => BigInt(storedSequence(database, host, outboxId)),
  };
}

/** An event as a row; `host` is the one that told it. */
export function toEventRow(event: Event, host: string): EventRow {
  const body = Event.encode({ ...event, host, cursor: 0n, storedAtMs: 0n }).finish();
  return { sequence: Number(event.sequence), stack: event.stack, severity: event.severity, body };
}

function toEvent({ cursor, storedAtMs, body }: StoredEvent): Event {
  return { ...Event.decode(body), cursor: BigInt(cursor), storedAtMs: BigInt(storedAtMs) };
}

function conditions(query: EventQuery): { where: string; values: SqlValue[] } {
  const { host, stack, severity, belowCursor, aboveCursor } = query;
  const terms: [string, SqlValue][] = [];
  if (host !== undefined) terms.push(['host = ?', host]);
  // The repeated literals let SQLite use the partial indexes.
  if (stack !== undefined) terms.push(["stack <> '' AND stack = ?", stack]);
  if (severity !== undefined && severity > Severity.SEVERITY_INFO)
    terms.push(['severity > 1 AND severity >= ?', severity]);
  if (belowCursor !== undefined) terms.push(['cursor < ?', belowCursor]);
  if (aboveCursor !== undefined) terms.push(['cursor > ?', aboveCursor]);
  if (terms.length === 0) return { where: '', values: [] };
  return { where: ` WHERE ${terms.map(([term]) => term).join(' AND ')}`, values: terms.map(([, value]) => value) };
}
