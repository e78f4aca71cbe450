import { Drift, HostState, StackState } from '@mooring/proto';
import type { Sqlite, SqlValue } from './sqlite.ts';
import type { DriftQuery, HostHead, ReportStore, StackFilter, StackHead } from './store.ts';

const STACK_HEADS = `SELECT host, stack, commit_id AS "commit", bundle, generation, sync, health, reason, applied_at_ms AS appliedAtMs,
  last_healthy_bundle AS lastHealthyBundle, reported_at_ms AS reportedAtMs, since_ms AS sinceMs FROM stack_states`;
const STACK_BODIES = `SELECT host, stack, body, reported_at_ms AS reportedAtMs, since_ms AS sinceMs
  FROM stack_states JOIN stack_bodies USING (host, stack)`;
const HOST_HEADS = `SELECT host, accepted_generation AS acceptedGeneration, applied_generation AS appliedGeneration, refusal, problem,
  reported_at_ms AS reportedAtMs FROM host_states`;
const HOST_BODIES = 'SELECT host, body, reported_at_ms AS reportedAtMs FROM host_states JOIN host_bodies USING (host)';

interface StoredBody {
  readonly host: string;
  readonly body: Uint8Array;
  readonly reportedAtMs: number;
}

interface StoredStackBody extends StoredBody {
  readonly stack: string;
  readonly sinceMs: number;
}

type Numbered<Head, Field extends keyof Head> = Omit<Head, Field> & { readonly [K in Field]: number };

/** Reads of what hosts observe. */
export type ReportReads = Omit<ReportStore, 'putReport' | 'putLastSeen'>;

export function reportReads(database: Sqlite): ReportReads {
  return { ...hostReads(database), ...stackReads(database), ...driftReads(database) };
}

function hostReads(database: Sqlite) {
  return {
    hostStates: () => database.all<StoredBody>(`${HOST_BODIES} ORDER BY host`).map(toHostState),
    hostState: (host: string) => {
      const row = database.one<StoredBody>(`${HOST_BODIES} WHERE host = ?`, host);
      return row === undefined ? undefined : toHostState(row);
    },
    hostHeads: (host?: string): HostHead[] => {
      const { where, values } = conditions({ host });
      return database
        .all<Numbered<HostHead, 'acceptedGeneration' | 'appliedGeneration'>>(
          `${HOST_HEADS}${where} ORDER BY host`,
          ...values,
        )
        .map((row) => ({
          ...row,
          acceptedGeneration: BigInt(row.acceptedGeneration),
          appliedGeneration: BigInt(row.appliedGeneration),
        }));
    },
    lastSeen: () =>
      new Map(
        database
          .all<{ name: string; lastSeenMs: number }>(
            'SELECT name, last_seen_ms AS lastSeenMs FROM hosts WHERE last_seen_ms > 0',
          )
          .map(({ name, lastSeenMs }) => [name, lastSeenMs]),
      ),
  };
}

function stackReads(database: Sqlite) {
  return {
    stackHeads: (filter: StackFilter = {}): StackHead[] => {
      const { where, values } = conditions(filter);
      return database
        .all<Numbered<StackHead, 'generation'>>(`${STACK_HEADS}${where} ORDER BY host, stack`, ...values)
        .map((row) => ({ ...row, generation: BigInt(row.generation) }));
    },
    stackStates: (filter: StackFilter = {}) => {
      const { where, values } = conditions(filter);
      const drift = driftOf(database, filter);
      return database
        .all<StoredStackBody>(`${STACK_BODIES}${where} ORDER BY host, stack`, ...values)
        .map(({ host, stack, body, reportedAtMs, sinceMs }) => {
          const state: StackState = { ...StackState.decode(body), drift: drift.get(`${host}/${stack}`) ?? [] };
          return { host, stack, state, reportedAtMs, sinceMs };
        });
    },
  };
}

function driftOf(database: Sqlite, filter: StackFilter): ReadonlyMap<string, Drift[]> {
  const { where, values } = conditions(filter);
  const found = new Map<string, Drift[]>();
  const rows = database.all<{ host: string; stack: string; body: Uint8Array }>(
    `SELECT host, stack, body FROM drift${where} ORDER BY host, stack, service, replica, field, object, name, kind`,
    ...values,
  );
  for (const { host, stack, body } of rows) {
    const key = `${host}/${stack}`;
    const drift = found.get(key);
    if (drift === undefined) found.set(key, [Drift.decode(body)]);
    else drift.push(Drift.decode(body));
  }
  return found;
}

function driftReads(database: Sqlite) {
  return {
    drift: (query: DriftQuery) => {
      const { where, values } = conditions(query);
      const total =
        database.one<{ count: number }>(`SELECT count(*) AS count FROM drift${where}`, ...values)?.count ?? 0;
      const rows = database
        .all<{ body: Uint8Array }>(
          `SELECT body FROM drift${where} ORDER BY host, stack, service, replica, field, object, name, kind LIMIT ? OFFSET ?`,
          ...values,
          query.limit,
          query.offset,
        )
        .map(({ body }) => Drift.decode(body));
      return { rows, total };
    },
    driftCounts: (filter: StackFilter = {}) => {
      const { where, values } = conditions(filter);
      const rows = database.all<{ host: string; count: number }>(
        `SELECT host, count(*) AS count FROM drift${where} GROUP BY host`,
        ...values,
      );
      return new Map(rows.map(({ host, count }) => [host, count]));
    },
  };
}

function toHostState({ host, body, reportedAtMs }: StoredBody) {
  return { host, state: HostState.decode(body), reportedAtMs };
}

function conditions({ host, stack }: StackFilter): { where: string; values: SqlValue[] } {
  const given = [
    ['host', host],
    ['stack', stack],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined);
  if (given.length === 0) return { where: '', values: [] };
  return {
    where: ` WHERE ${given.map(([column]) => `${column} = ?`).join(' AND ')}`,
    values: given.map(([, value]) => value),
  };
}
