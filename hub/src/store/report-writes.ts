import type { Sqlite } from './sqlite.ts';
import type { HostRow, ReportRows, StackRow, Writes } from './write.ts';

/** Replaces what the report covers. A stack's `since` stays while its sync and health stay. */
export function putReport(database: Sqlite, report: ReportRows): undefined {
  const { host, full, hostRow, stacks, goneStacks, reportedAtMs } = report;
  if (hostRow !== undefined) putHostState(database, report.host, { ...hostRow, reportedAtMs });
  if (full) removeOthers(database, host, stacks);
  for (const stack of goneStacks) removeStack(database, host, stack);
  for (const row of stacks) {
    putStack(database, { host, row, reportedAtMs });
    putDrift(database, host, row);
  }
  return undefined;
}

function putHostState(database: Sqlite, host: string, row: HostRow & { readonly reportedAtMs: number }): void {
  database.run(
    `INSERT OR REPLACE INTO host_states (host, accepted_generation, applied_generation, refusal, problem, reported_at_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
    host,
    row.acceptedGeneration,
    row.appliedGeneration,
    row.refusal,
    row.problem,
    row.reportedAtMs,
  );
  database.run(
    'INSERT INTO host_bodies (host, body) VALUES (?, ?) ON CONFLICT (host) DO UPDATE SET body = excluded.body',
    host,
    row.body,
  );
}

function removeOthers(database: Sqlite, host: string, stacks: readonly StackRow[]): void {
  const kept = new Set(stacks.map(({ stack }) => stack));
  const stored = database.all<{ stack: string }>('SELECT stack FROM stack_states WHERE host = ?', host);
  for (const { stack } of stored) {
    if (!kept.has(stack)) removeStack(database, host, stack);
  }
}

function removeStack(database: Sqlite, host: string, stack: string): void {
  database.run('DELETE FROM stack_states WHERE host = ? AND stack = ?', host, stack);
  database.run('DELETE FROM stack_bodies WHERE host = ? AND stack = ?', host, stack);
  database.run('DELETE FROM drift WHERE host = ? AND stack = ?', host, stack);
}

interface StackWrite {
  readonly host: string;
  readonly row: StackRow;
  readonly reportedAtMs: number;
}

function putStack(database: Sqlite, { host, row, reportedAtMs }: StackWrite): void {
  database.run(
    `INSERT INTO stack_states (host, stack, commit_id, bundle, generation, sync, health, reason, applied_at_ms, last_healthy_bundle,
       reported_at_ms, since_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (host, stack) DO UPDATE SET commit_id = excluded.commit_id, bundle = excluded.bundle, generation = excluded.generation,
       sync = excluded.sync, health = excluded.health, reason = excluded.reason, applied_at_ms = excluded.applied_at_ms,
       last_healthy_bundle = excluded.last_healthy_bundle, reported_at_ms = excluded.reported_at_ms,
       since_ms = CASE WHEN sync = excluded.sync AND health = excluded.health THEN since_ms ELSE excluded.since_ms END`,
    host,
    row.stack,
    row.commit,
    row.bundle,
    row.generation,
    row.sync,
    row.health,
    row.reason,
    row.appliedAtMs,
    row.lastHealthyBundle,
    reportedAtMs,
    reportedAtMs,
  );
  // In place: replacing would take the row and its entry in the index away, and make both again.
  database.run(
    'INSERT INTO stack_bodies (host, stack, body) VALUES (?, ?, ?) ON CONFLICT (host, stack) DO UPDATE SET body = excluded.body',
    host,
    row.stack,
    row.body,
  );
}

function putDrift(database: Sqlite, host: string, { stack, drift }: StackRow): void {
  database.run('DELETE FROM drift WHERE host = ? AND stack = ?', host, stack);
  for (const { service, replica, field, object, name, kind, body } of drift) {
    database.run(
      'INSERT OR REPLACE INTO drift (host, stack, service, replica, field, object, name, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      host,
      stack,
      service,
      replica,
      field,
      object,
      name,
      kind,
      body,
    );
  }
}

/** Signs of life only grow: a flush that comes late takes nothing back. */
export function putLastSeen(database: Sqlite, { entries }: Writes['putLastSeen']['takes']): undefined {
  for (const [host, lastSeenMs] of entries) {
    database.run('UPDATE hosts SET last_seen_ms = max(last_seen_ms, ?) WHERE name = ?', lastSeenMs, host);
  }
  return undefined;
}
