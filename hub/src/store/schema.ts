import { createHash } from 'node:crypto';
import type { Sqlite } from './sqlite.ts';

/** "MOOR": tells the hub's databases from all others (sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x4d4f4f52;

/**
 * One entry per version, never edited once released: entry n brings a database from version n to n + 1. Keys that are asked for stand in columns,
 * the rest of a message in a blob. Rows that are read by the thousand (stack_states, host_states) keep their blob in a table beside them.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE marker (id INTEGER PRIMARY KEY CHECK (id = 1), fleet_id TEXT NOT NULL, created_at_ms INTEGER NOT NULL) STRICT;

  CREATE TABLE hosts (
    name TEXT PRIMARY KEY, identity_id TEXT NOT NULL, labels TEXT NOT NULL, joined_at_ms INTEGER NOT NULL, spki_hash TEXT NOT NULL,
    next_spki_hash TEXT NOT NULL, certificate_ends_at_ms INTEGER NOT NULL, nkey TEXT NOT NULL, machine_id TEXT NOT NULL,
    revoked_at_ms INTEGER NOT NULL, agent_version TEXT NOT NULL, last_seen_ms INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE users (
    name TEXT PRIMARY KEY, identity_id TEXT NOT NULL, role TEXT NOT NULL, spki_hash TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL, revoked_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE invitations (
    id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL, host TEXT NOT NULL, labels TEXT NOT NULL, expires_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL, replaces INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE assignments (
    host TEXT PRIMARY KEY REFERENCES hosts (name) ON DELETE CASCADE, generation INTEGER NOT NULL, envelope BLOB NOT NULL,
    digest TEXT NOT NULL, content_digest TEXT NOT NULL, objects TEXT NOT NULL, stacks TEXT NOT NULL, revision INTEGER NOT NULL,
    issued_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE assignment_history (
    host TEXT NOT NULL REFERENCES hosts (name) ON DELETE CASCADE, generation INTEGER NOT NULL, revision INTEGER NOT NULL,
    digest TEXT NOT NULL, PRIMARY KEY (host, generation)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE objects (
    object TEXT PRIMARY KEY, plain_digest TEXT NOT NULL, plain_size INTEGER NOT NULL, stack TEXT NOT NULL, stored_at_ms INTEGER NOT NULL,
    ciphertext BLOB NOT NULL
  ) STRICT;
  CREATE INDEX objects_by_plain_digest ON objects (plain_digest);
  CREATE INDEX bundles ON objects (object, plain_digest) WHERE stack <> '';

  CREATE TABLE revisions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, commit_id TEXT NOT NULL, verdict INTEGER NOT NULL, objects_published INTEGER NOT NULL,
    assignments_issued INTEGER NOT NULL, issued INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX revisions_by_commit ON revisions (commit_id, sequence);
  CREATE INDEX revisions_accepted ON revisions (sequence) WHERE verdict = 1;

  CREATE TABLE host_states (
    host TEXT PRIMARY KEY REFERENCES hosts (name) ON DELETE CASCADE, accepted_generation INTEGER NOT NULL,
    applied_generation INTEGER NOT NULL, refusal TEXT NOT NULL, problem TEXT NOT NULL, reported_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE host_bodies (host TEXT PRIMARY KEY REFERENCES hosts (name) ON DELETE CASCADE, body BLOB NOT NULL) STRICT;
  CREATE TABLE stack_states (
    host TEXT NOT NULL REFERENCES hosts (name) ON DELETE CASCADE, stack TEXT NOT NULL, commit_id TEXT NOT NULL, bundle TEXT NOT NULL,
    generation INTEGER NOT NULL, sync INTEGER NOT NULL, health INTEGER NOT NULL, reason TEXT NOT NULL, applied_at_ms INTEGER NOT NULL,
    last_healthy_bundle TEXT NOT NULL, reported_at_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL, PRIMARY KEY (host, stack)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stack_states_by_stack ON stack_states (stack);
  CREATE TABLE stack_bodies (
    host TEXT NOT NULL REFERENCES hosts (name) ON DELETE CASCADE, stack TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (host, stack)
  ) STRICT;
  CREATE TABLE drift (
    host TEXT NOT NULL REFERENCES hosts (name) ON DELETE CASCADE, stack TEXT NOT NULL, service TEXT NOT NULL, replica INTEGER NOT NULL,
    field TEXT NOT NULL, object INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (host, stack, service, replica, field, object, name, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX drift_by_stack ON drift (stack);

  CREATE TABLE events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL, stack TEXT NOT NULL, severity INTEGER NOT NULL,
    stored_at_ms INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX events_by_host ON events (host, cursor);
  CREATE INDEX events_by_stack ON events (stack, cursor) WHERE stack <> '';
  CREATE INDEX events_above_info ON events (cursor) WHERE severity > 1;
  CREATE TABLE outboxes (
    host TEXT NOT NULL, outbox_id TEXT NOT NULL, sequence INTEGER NOT NULL, used_at_ms INTEGER NOT NULL, PRIMARY KEY (host, outbox_id)
  ) STRICT, WITHOUT ROWID;
  `,
  // What a write-ahead log must continue, what hosts and keys were, and a digest of every row that neither Git nor the agents bring back.
  `
  ALTER TABLE marker ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE marker ADD COLUMN clean INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE hosts ADD COLUMN high_water INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE ended_keys (
    spki_hash TEXT PRIMARY KEY, host TEXT NOT NULL, ended_at_ms INTEGER NOT NULL, row_digest BLOB NOT NULL DEFAULT x''
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE told_revisions (
    commit_id TEXT PRIMARY KEY, host TEXT NOT NULL, issued_at_ms INTEGER NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE hosts ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
  ALTER TABLE users ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
  ALTER TABLE invitations ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
  ALTER TABLE assignments ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
  ALTER TABLE assignment_history ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
  ALTER TABLE revisions ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
  ALTER TABLE events ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';
  ALTER TABLE outboxes ADD COLUMN row_digest BLOB NOT NULL DEFAULT x'';

  UPDATE hosts SET row_digest = digest_of(name, identity_id, labels, joined_at_ms, spki_hash, next_spki_hash, certificate_ends_at_ms, nkey,
    machine_id, revoked_at_ms, agent_version);
  UPDATE users SET row_digest = digest_of(name, identity_id, role, spki_hash, created_at_ms, expires_at_ms, revoked_at_ms);
  UPDATE invitations SET row_digest = digest_of(id, secret_hash, host, labels, expires_at_ms, used_at_ms, replaces);
  UPDATE assignments SET row_digest = digest_of(host, generation, envelope, digest, content_digest, objects, stacks, revision, issued_at_ms);
  UPDATE assignment_history SET row_digest = digest_of(host, generation, revision, digest);
  UPDATE revisions SET row_digest = digest_of(sequence, commit_id, verdict, objects_published, assignments_issued, issued, body);
  UPDATE events SET row_digest = digest_of(host, stack, severity, stored_at_ms, body);
  UPDATE outboxes SET row_digest = digest_of(host, outbox_id, sequence, used_at_ms);
  `,
];

/** Brings a database to the newest version, all or nothing. */
export function migrate(database: Sqlite): void {
  const version = schemaVersion(database);
  if (version === MIGRATIONS.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${MIGRATIONS.length}`);
    database.exec('COMMIT');
  } catch (cause) {
    if (database.inTransaction()) database.exec('ROLLBACK');
    throw cause;
  }
}

/** Version of the schema that the file says it has. */
export function schemaVersion(database: Sqlite): number {
  return Number(database.pragma('user_version'));
}

/** One digest over every table, index, view and trigger but the tables named: a file with more or other ones than ours is not ours. */
export function schemaDigest(database: Sqlite, own: readonly string[] = []): string {
  const rows = database.all<{ type: string; name: string; sql: string | null }>(
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name",
  );
  return createHash('sha256')
    .update(JSON.stringify(rows.filter(({ name }) => !own.includes(name))))
    .digest('hex');
}
