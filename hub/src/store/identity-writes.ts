import { MooringError } from '@mooring/proto';
import { INVITATION_RETENTION_MS, PRUNE_BATCH_ROWS } from './retention.ts';
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
  putHost(database, host);
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
function putHost(database: Sqlite, host: HostRecord): void {
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
  updateHost(database, { name, change: fields });
}

/** Changes the given fields of a host. Throws HOST_UNKNOWN. */
export function updateHost(database: Sqlite, { name, change }: Writes['updateHost']['takes']): undefined {
  if (database.one('SELECT 1 FROM hosts WHERE name = ?', name) === undefined) {
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
  return undefined;
}

/** Removes a host; states, assignments and drift go with it. */
export function removeHost(database: Sqlite, { name }: Writes['removeHost']['takes']): undefined {
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
