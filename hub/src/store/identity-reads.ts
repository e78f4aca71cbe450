import type { Sqlite } from './sqlite.ts';
import type { HostRecord, IdentityStore, InvitationRecord, UserRecord } from './store.ts';

interface StoredHost extends Omit<HostRecord, 'labels'> {
  readonly labels: string;
}

const HOSTS = `SELECT name, identity_id AS identityId, labels, joined_at_ms AS joinedAtMs, spki_hash AS spkiHash,
  next_spki_hash AS nextSpkiHash, certificate_ends_at_ms AS certificateEndsAtMs, nkey, machine_id AS machineId,
  revoked_at_ms AS revokedAtMs, agent_version AS agentVersion FROM hosts`;

const USERS = `SELECT name, identity_id AS identityId, role, spki_hash AS spkiHash, created_at_ms AS createdAtMs,
  expires_at_ms AS expiresAtMs, revoked_at_ms AS revokedAtMs FROM users`;

const INVITATIONS = `SELECT id, secret_hash AS secretHash, host, labels, expires_at_ms AS expiresAtMs, used_at_ms AS usedAtMs,
  replaces FROM invitations`;

/** Reads of who belongs to the fleet. */
export type IdentityReads = Pick<
  IdentityStore,
  'hosts' | 'host' | 'invitation' | 'users' | 'user' | 'highWater' | 'highWaters' | 'isEndedKey'
>;

export function identityReads(database: Sqlite): IdentityReads {
  return {
    hosts: () => database.all<StoredHost>(`${HOSTS} ORDER BY name`).map(withLabels),
    host: (name) => {
      const row = database.one<StoredHost>(`${HOSTS} WHERE name = ?`, name);
      return row === undefined ? undefined : withLabels(row);
    },
    highWater: (name) =>
      BigInt(
        database.one<{ highWater: number }>('SELECT high_water AS highWater FROM hosts WHERE name = ?', name)
          ?.highWater ?? 0,
      ),
    highWaters: () =>
      new Map(
        database
          .all<{ name: string; highWater: number }>('SELECT name, high_water AS highWater FROM hosts ORDER BY name')
          .map(({ name, highWater }) => [name, BigInt(highWater)]),
      ),
    isEndedKey: (spkiHash) => database.one('SELECT 1 FROM ended_keys WHERE spki_hash = ?', spkiHash) !== undefined,
    invitation: (id) => {
      const row = database.one<Omit<InvitationRecord, 'labels' | 'replace'> & { labels: string; replaces: number }>(
        `${INVITATIONS} WHERE id = ?`,
        id,
      );
      if (row === undefined) return undefined;
      const { replaces, ...rest } = withLabels(row);
      return { ...rest, replace: replaces === 1 };
    },
    users: () => database.all<UserRecord>(`${USERS} ORDER BY name`),
    user: (name) => database.one<UserRecord>(`${USERS} WHERE name = ?`, name),
  };
}

function withLabels<Row extends { readonly labels: string }>(
  row: Row,
): Omit<Row, 'labels'> & { labels: Record<string, string> } {
  return { ...row, labels: JSON.parse(row.labels) as Record<string, string> };
}
