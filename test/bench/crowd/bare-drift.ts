import Database from 'better-sqlite3';

/** Hosts that nobody can speak for: silent, not reported yet, ahead of the hub, without an engine, or with a stack that is unknown. */
const UNKNOWN_HOSTS = `
  SELECT name, last_seen_ms FROM hosts
    LEFT JOIN host_states ON host_states.host = name LEFT JOIN assignments ON assignments.host = name
    WHERE revoked_at_ms = 0 AND (last_seen_ms < ? OR host_states.host IS NULL OR accepted_generation > assignments.generation
      OR host_states.problem GLOB 'ENGINE_*')
  UNION SELECT host, 0 FROM stack_states WHERE sync = 2`;
const CLEAN_HOSTS = `
  SELECT count(*) AS count FROM hosts WHERE revoked_at_ms = 0 AND name NOT IN (SELECT host FROM drift)`;
const PAGE = 'SELECT body FROM drift ORDER BY host, stack, service, replica, field, object, name, kind LIMIT ?';
const TOTAL = 'SELECT count(*) AS count FROM drift';

/** What the drift of a fleet comes to. */
export interface DriftAnswer {
  readonly rows: number;
  readonly total: number;
  readonly unknown: number;
  readonly clean: number;
}

/** The hub's own database, read by prepared statements and nothing else. */
export class BareDrift {
  readonly #database: Database.Database;
  readonly #statements;

  constructor(file: string) {
    const database = new Database(file, { readonly: true });
    this.#database = database;
    this.#statements = {
      page: database.prepare<[number]>(PAGE),
      total: database.prepare<[], { count: number }>(TOTAL),
      unknown: database.prepare<[number]>(UNKNOWN_HOSTS),
      clean: database.prepare<[], { count: number }>(CLEAN_HOSTS),
    };
  }

  /** The first page of differences, how many there are, which hosts are unknown, and how many have none. */
  ask(pageSize: number, silentSinceMs: number): DriftAnswer {
    const { page, total, unknown, clean } = this.#statements;
    return {
      rows: page.all(pageSize).length,
      total: total.get()?.count ?? 0,
      unknown: unknown.all(silentSinceMs).length,
      clean: clean.get()?.count ?? 0,
    };
  }

  close(): void {
    this.#database.close();
  }
}
