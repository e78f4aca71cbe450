import type { Timers } from '../timers.ts';
import { commitBatch } from './commit-batch.ts';
import { readsAndWrites } from './open-store.ts';
import { migrate } from './schema.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';
import type { Store } from './store.ts';
import { type Touched, touchedBy, touchedByAny } from './touched.ts';
import type { Write, WriteKind, Writes } from './write.ts';

/** Milliseconds that a change waits for company, as at the real writer. */
const BATCH_WAIT_MS = 20;

/** What a store over the database runs on. */
export interface MemoryStoreParts {
  readonly clock: () => number;
  readonly timers: Timers;
  /** What a commit throws, such as for a full disk; undefined: it works. */
  readonly failure?: () => Error | undefined;
  /** Called with each change that is committed, before anybody else hears of it. */
  readonly committed?: (done: CommittedWrite) => void;
}

/** A change and what the writer answered. */
export type CommittedWrite = {
  readonly [K in WriteKind]: Write<K> & { readonly kind: K; readonly answer: Writes[K]['answers'] };
}[WriteKind];

interface Waiting {
  readonly write: Write;
  readonly settle: PromiseWithResolvers<unknown>;
}

/** The hub's database without a file and without a thread: the same schema, statements and batches. It outlives the stores over it. */
export class MemoryDatabase {
  readonly #database: Sqlite;

  private constructor(database: Sqlite) {
    this.#database = database;
  }

  static make(fleetId: string, nowMs: number): MemoryDatabase {
    const database = openSqlite(':memory:', 'create');
    migrate(database);
    database.run('INSERT INTO marker (id, fleet_id, created_at_ms) VALUES (1, ?, ?)', fleetId, nowMs);
    return new MemoryDatabase(database);
  }

  /** A copy as a backup holds it. */
  copy(): MemoryDatabase {
    const database = openSqlite(':memory:', 'create');
    migrate(database);
    database.pragma('foreign_keys = OFF');
    const tables = this.#database.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
    for (const { name } of tables) {
      database.run(`DELETE FROM ${name}`);
      for (const row of this.#database.all<Record<string, number | string | Uint8Array>>(`SELECT * FROM ${name}`)) {
        const columns = Object.keys(row);
        const marks = columns.map(() => '?').join(', ');
        database.run(`INSERT INTO ${name} (${columns.join(', ')}) VALUES (${marks})`, ...Object.values(row));
      }
    }
    database.pragma('foreign_keys = ON');
    return new MemoryDatabase(database);
  }

  /** Highest stored sequence of each outbox. */
  outboxes(): readonly { readonly outbox: string; readonly sequence: number }[] {
    return this.#database.all('SELECT outbox_id AS outbox, sequence FROM outboxes ORDER BY outbox_id');
  }

  /** Plain digest of an object; empty: there is none of that name. */
  plainDigest(object: string): string {
    const sql = 'SELECT plain_digest AS digest FROM objects WHERE object = ?';
    return this.#database.one<{ digest: string }>(sql, object)?.digest ?? '';
  }

  /** Performs a change at once. */
  write<K extends WriteKind>(kind: K, takes: Writes[K]['takes']): void {
    for (const outcome of commitBatch(this.#database, [{ kind, takes }]))
      if ('failure' in outcome) throw outcome.failure;
  }

  /** A store over it, for one run of a hub. */
  store({ clock, timers, failure = () => undefined, committed = () => undefined }: MemoryStoreParts): Store {
    const database = this.#database;
    const listeners = new Set<(touched: Touched) => void>();
    let waiting: Waiting[] = [];
    const flush = () => {
      const batch = waiting;
      waiting = [];
      const failed = failure();
      const outcomes =
        failed === undefined
          ? commitBatch(
              database,
              batch.map(({ write }) => write),
            )
          : batch.map(() => ({ failure: failed }));
      for (const [index, { write }] of batch.entries()) {
        const outcome = outcomes[index];
        // The compiler does not follow that a change and its answer belong together.
        if (outcome !== undefined && 'answer' in outcome)
          committed({ ...write, answer: outcome.answer } as CommittedWrite);
      }
      const stored = batch.filter((_, index) => 'answer' in (outcomes[index] ?? {}));
      if (stored.length > 0) {
        const touched = touchedByAny(stored.map(({ write }) => touchedBy(write)));
        for (const listener of listeners) listener(touched);
      }
      for (const [index, { settle }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) continue;
        if ('failure' in outcome) settle.reject(outcome.failure);
        else settle.resolve(outcome.answer);
      }
    };
    const write = <K extends WriteKind>(kind: K, takes: Writes[K]['takes']) => {
      const settle = Promise.withResolvers<unknown>();
      if (waiting.length === 0) timers.after(BATCH_WAIT_MS, flush);
      waiting.push({ write: { kind, takes }, settle });
      return settle.promise as Promise<Writes[K]['answers']>;
    };
    return {
      ...readsAndWrites({ database, queue: { write }, clock }),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      close: async () => flush(),
    };
  }
}
