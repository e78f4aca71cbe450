import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Event } from '@mooring/proto';
import type { Fleet, TestHost } from '../support/fleet.ts';

/** What a host told its outbox, and what the hub stored of it. */
export interface Delivery {
  /** Highest sequence that the outbox gave. */
  readonly sent: number;
  /** Sequences as the hub has them, in the order of storing. */
  readonly stored: readonly number[];
  readonly missing: readonly number[];
}

/** Reads both databases beside the processes that use them. Right as long as the host had one outbox for all its life. */
export function sentAndStored(fleet: Fleet, host: TestHost): Delivery {
  const sent = reading(join(host.data, 'agent.db'), (database) => {
    const row = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").get();
    return Number(row?.['seq'] ?? 0);
  });
  const stored = reading(join(fleet.data, 'hub.db'), (database) => {
    const rows = database.prepare('SELECT body FROM events WHERE host = ? ORDER BY cursor').all(host.name);
    // Sequence 0: what the hub itself says of the host.
    return rows.map(({ body }) => Number(Event.decode(bytesOf(body)).sequence)).filter((sequence) => sequence > 0);
  });
  const there = new Set(stored);
  const missing = Array.from({ length: sent }, (_, index) => index + 1).filter((sequence) => !there.has(sequence));
  return { sent, stored, missing };
}

/** Events that a host keeps until it hears that they are stored. */
export function waitingToBeStored(host: TestHost): number {
  return reading(join(host.data, 'agent.db'), (database) =>
    Number(database.prepare('SELECT count(*) AS events FROM outbox').get()?.['events']),
  );
}

/** Opens a database for reading, beside whoever writes it. */
export function reading<T>(file: string, read: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('a blob is wanted');
}
