import { MooringError } from '@mooring/proto';
import { ENDED_KEY_RETENTION_MS, INVITATION_RETENTION_MS, PRUNE_BATCH_ROWS } from './retention.ts';
import { stamp } from './row-digest.ts';
import type { Sqlite, SqlValue } from './sqlite.ts';
import type { HostRecord, InvitationRecord, UserRecord } from './store.ts';
import type { Writes } from './write.ts';

/** Columns of a host, by the field that they hold. */
const HOST_COLUMNS: Readonly<Record<Exclude<keyof HostRecord, 'name'>, string>> = {
  identityId: 'identity_id',
  labels: 'labels',
  joinedAtMs: 'joined_at_ms',
  spkiHash: 'spki_hash',
  nextSpkiHash: 'next_spki_hash',
  certificateEndsAtMs: 'certificate_ends_at_ms',
  nkey: 'nkey',
  machineId: 'machine_id',
  revokedAtMs: 'revoked_at_ms',
  agentVersion: 'agent_version',
};

/** Uses up the invitation and stores the host; the time of joining is the time that the invitation is measured by. */
export function joinHost(database: Sqlite, { invitationId, host }: Writes['joinHost']['takes']): undefined {
  const invitation = database.one<{ host: string; expires_at_ms: number; used_at_ms: number; replaces: number }>(
    'SELECT host, expires_at_ms, used_at_ms, replaces FROM invitations WHERE id = ?',
    invitationId,
  );
  if (invitation === undefined || invitation.host !== host.name) {
    throw refusal(host.name, 'TOKEN_UNKNOWN', 'its invitation is not known here; one for this host is wanted');
  }
  if (invitation.used_at_ms !== 0)
    throw refusal(host.name, 'TOKEN_USED', 'its invitation was used; a fresh one is wanted');
  if (invitation.expires_at_ms <= host.joinedAtMs) {
    throw refusal(host.name, 'TOKEN_EXPIRED', 'its invitation has expired; a fresh one is wanted');
  }
  const active = database.one('SELECT 1 FROM hosts WHERE name = ? AND revoked_at_ms = 0', host.name) !== undefined;
  if (active && invitation.replaces === 0) {
    throw refusal(
      host.name,
      'HOST_EXISTS',
      'a host of this name has joined; another name, or `mooring invite --replace`, is wanted',
    );
  }
  database.run('UPDATE invitations SET used_at_ms = ? WHERE id = ?', host.joinedAtMs, invitationId);
  stamp(database, 'invitations', invitationId);
  putHost(database, host, host.joinedAtMs);
  // Whoever joins brings no mark along; generations grow on from those that were issued.
  database.run('UPDATE hosts SET high_water = 0 WHERE name = ?', host.name);
  return undefined;
}

/** Stores a host that this hub did not remember, or not by this key, and the highest generation that it told. */
export function admitHost(database: Sqlite, { host, highWater, atMs }: Writes['admitHost']['takes']): undefined {
  putHost(database, host, atMs);
  database.run('UPDATE hosts SET high_water = max(high_water, ?) WHERE name = ?', highWater, host.name);
  return undefined;
}

/** Keeps the highest generation that a host told; hosts that were removed are passed over. */
export function putHighWater(database: Sqlite, { name, highWater }: Writes['putHighWater']['takes']): undefined {
  database.run('UPDATE hosts SET high_water = max(high_water, ?) WHERE name = ?', highWater, name);
  return undefined;
}

function refusal(
  host: string,
  code: 'TOKEN_UNKNOWN' | 'TOKEN_USED' | 'TOKEN_EXPIRED' | 'HOST_EXISTS',
  reason: string,
): MooringError {
  return new MooringError(code, `Cannot join host ${host}: ${reason}`, { hint: 'Ask an admin for `mooring invite`.' });
}

/** An update keeps the row, and with it what hangs on it: a host that joins again keeps its generations. */
function putHost(database: Sqlite, host: HostRecord, atMs: number): void {
  const { name, ...fields } = host;
  database.run(
    `INSERT INTO hosts (name, identity_id, labels, joined_at_ms, spki_hash, next_spki_hash, certificate_ends_at_ms, nkey, machine_id,
       revoked_at_ms, agent_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO NOTHING`,
    name,
    host.identityId,
    JSON.stringify(host.labels),
    host.joinedAtMs,
    host.spkiHash,
    host.nextSpkiHash,
    host.certificateEndsAtMs,
    host.nkey,
    host.machineId,
    host.revokedAtMs,
    host.agentVersion,
  );
  updateHost(database, { name, change: fields, atMs });
  stamp(database, 'hosts', name);
}

/** Changes the given fields of a host; a key that it no longer has is remembered as ended. Throws HOST_UNKNOWN. */
export function updateHost(database: Sqlite, { name, change, atMs }: Writes['updateHost']['takes']): undefined {
  const before = keysOf(database, name);
  if (before === undefined) {
    throw new MooringError(
      'HOST_UNKNOWN',
      `Cannot change host ${name}: it has not joined; a host of the fleet is wanted`,
    );
  }
  for (const [field, value] of Object.entries(change)) {
    if (value === undefined) continue;
    // Only names from the table above reach the statement.
    const column = HOST_COLUMNS[field as keyof typeof HOST_COLUMNS];
    const stored: SqlValue = typeof value === 'object' ? JSON.stringify(value) : value;
    database.run(`UPDATE hosts SET ${column} = ? WHERE name = ? AND ${column} IS NOT ?`, stored, name, stored);
  }
  stamp(database, 'hosts', name);
  const after = keysOf(database, name) ?? [];
  for (const key of before) if (!after.includes(key)) endKey(database, { key, host: name, atMs });
  return undefined;
}

/** Hashes of the keys that speak for a host; undefined: it is not known. */
function keysOf(database: Sqlite, name: string): string[] | undefined {
  const row = database.one<{ spki: string; next: string }>(
    'SELECT spki_hash AS spki, next_spki_hash AS next FROM hosts WHERE name = ?',
    name,
  );
  return row === undefined ? undefined : [row.spki, row.next].filter((key) => key !== '');
}

/** A key that ended is never taken for one that was forgotten. */
function endKey(database: Sqlite, ended: { readonly key: string; readonly host: string; readonly atMs: number }): void {
  database.run(
    'INSERT OR IGNORE INTO ended_keys (spki_hash, host, ended_at_ms) VALUES (?, ?, ?)',
    ended.key,
    ended.host,
    ended.atMs,
  );
  stamp(database, 'ended_keys', ended.key);
}

/** Removes a host; states, assignments and drift go with it. */
export function removeHost(database: Sqlite, { name, atMs }: Writes['removeHost']['takes']): undefined {
  for (const key of keysOf(database, name) ?? []) endKey(database, { key, host: name, atMs });
  database.run('DELETE FROM hosts WHERE name = ?', name);
  database.run('DELETE FROM outboxes WHERE host = ?', name);
  return undefined;
}

export function addInvitation(database: Sqlite, invitation: InvitationRecord): undefined {
  const { id, secretHash, host, labels, expiresAtMs, usedAtMs, replace } = invitation;
  database.run(
    'INSERT INTO invitations (id, secret_hash, host, labels, expires_at_ms, used_at_ms, replaces) VALUES (?, ?, ?, ?, ?, ?, ?)',
    id,
    secretHash,
    host,
    JSON.stringify(labels),
    expiresAtMs,
    usedAtMs,
    replace ? 1 : 0,
  );
  stamp(database, 'invitations', id);
  return undefined;
}

export function putUser(database: Sqlite, user: UserRecord): undefined {
  const { name, identityId, role, spkiHash, createdAtMs, expiresAtMs, revokedAtMs } = user;
  database.run(
    `INSERT OR REPLACE INTO users (name, identity_id, role, spki_hash, created_at_ms, expires_at_ms, revoked_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    name,
    identityId,
    role,
    spkiHash,
    createdAtMs,
    expiresAtMs,
    revokedAtMs,
  );
  stamp(database, 'users', name);
  return undefined;
}

/** Forgets invitations that nobody will try again; returns how many. */
export function pruneInvitations(database: Sqlite, nowMs: number): number {
  return database.run(
    'DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires_at_ms < ? LIMIT ?)',
    nowMs - INVITATION_RETENTION_MS,
    PRUNE_BATCH_ROWS,
  );
}

/** Forgets ended keys whose certificates have expired as well. */
export function pruneEndedKeys(database: Sqlite, nowMs: number): void {
  database.run(
    'DELETE FROM ended_keys WHERE spki_hash IN (SELECT spki_hash FROM ended_keys WHERE ended_at_ms < ? LIMIT ?)',
    nowMs - ENDED_KEY_RETENTION_MS,
    PRUNE_BATCH_ROWS,
  );
}
