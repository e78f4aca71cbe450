import { hash } from 'node:crypto';
import { MooringError } from '@mooring/proto';
import type { Sqlite, SqlValue } from './sqlite.ts';

/** A table whose rows bear a digest, since nothing brings them back: what names a row, and what its digest covers. */
interface Digested {
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

/** Signs of life and marks of hosts are left out: they change all the time, and hosts tell them again. */
const DIGESTED = {
  hosts: {
    key: ['name'],
    columns: [
      'name',
      'identity_id',
      'labels',
      'joined_at_ms',
      'spki_hash',
      'next_spki_hash',
      'certificate_ends_at_ms',
      'nkey',
      'machine_id',
      'revoked_at_ms',
      'agent_version',
    ],
  },
  users: {
    key: ['name'],
    columns: ['name', 'identity_id', 'role', 'spki_hash', 'created_at_ms', 'expires_at_ms', 'revoked_at_ms'],
  },
  invitations: {
    key: ['id'],
    columns: ['id', 'secret_hash', 'host', 'labels', 'expires_at_ms', 'used_at_ms', 'replaces'],
  },
  ended_keys: { key: ['spki_hash'], columns: ['spki_hash', 'host', 'ended_at_ms'] },
  assignments: {
    key: ['host'],
    columns: [
      'host',
      'generation',
      'envelope',
      'digest',
      'content_digest',
      'objects',
      'stacks',
      'revision',
      'issued_at_ms',
    ],
  },
  assignment_history: { key: ['host', 'generation'], columns: ['host', 'generation', 'revision', 'digest'] },
  revisions: {
    key: ['sequence'],
    columns: ['sequence', 'commit_id', 'verdict', 'objects_published', 'assignments_issued', 'issued', 'body'],
  },
  events: { key: ['cursor'], columns: ['host', 'stack', 'severity', 'stored_at_ms', 'body'] },
  outboxes: { key: ['host', 'outbox_id'], columns: ['host', 'outbox_id', 'sequence', 'used_at_ms'] },
} as const satisfies Readonly<Record<string, Digested>>;

/** Name of a table whose rows bear a digest. */
export type DigestedTable = keyof typeof DIGESTED;

/** SHA-256 over values of one row, each with its kind and length, so that no two rows have one text. `digest_of` in SQL. */
export function rowDigest(...values: unknown[]): Buffer {
  const parts: Uint8Array[] = [];
  let text = '';
  for (const value of values) {
    if (value === null) text += 'n';
    else if (typeof value === 'string') text += `s${value.length}:${value}`;
    else if (value instanceof Uint8Array) {
      parts.push(Buffer.from(`${text}b${value.byteLength}:`), value);
      text = '';
    } else text += `i${value};`;
  }
  parts.push(Buffer.from(text));
  return hash('sha256', Buffer.concat(parts), 'buffer');
}

/** Writes the digest of one row, after it was changed. */
export function stamp(database: Sqlite, table: DigestedTable, ...key: SqlValue[]): void {
  const { key: names, columns } = DIGESTED[table];
  const where = names.map((name) => `${name} = ?`).join(' AND ');
  database.run(`UPDATE ${table} SET row_digest = digest_of(${columns.join(', ')}) WHERE ${where}`, ...key);
}

/** A table whose rows are named by what their digest covers, so that a row can be written whole. */
type WholeTable = 'assignments' | 'assignment_history';

/** A value for each column that the digest covers. */
type WholeRow<T extends WholeTable> = Readonly<Record<(typeof DIGESTED)[T]['columns'][number], SqlValue>>;

/** Writes a whole row with its digest, in the place of one with the same key: a digest that is written afterwards writes the row twice. */
export function putRow<T extends WholeTable>(database: Sqlite, table: T, row: WholeRow<T>): void {
  const columns: readonly (keyof WholeRow<T>)[] = DIGESTED[table].columns;
  const values = columns.map((column) => row[column]);
  database.run(PUT_ROW[table], ...values, rowDigest(...values));
}

const PUT_ROW: Readonly<Record<WholeTable, string>> = {
  assignments: putStatement('assignments'),
  assignment_history: putStatement('assignment_history'),
};

function putStatement(table: WholeTable): string {
  const { key, columns }: Digested = DIGESTED[table];
  const all = [...columns, 'row_digest'];
  const changed = all.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${table} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})
     ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changed.join(', ')}`;
}

/** Refuses a database with a row that is not as it was written: SQLite does not notice a bit that flips inside a value. Throws DB_ROW_DIGEST. */
export function checkRows(database: Sqlite, file: string): void {
  for (const [table, { key, columns }] of Object.entries(DIGESTED)) {
    const row = database.one<Record<string, unknown>>(
      `SELECT ${key.join(', ')} FROM ${table} WHERE row_digest IS NOT digest_of(${columns.join(', ')}) LIMIT 1`,
    );
    if (row !== undefined) throw damagedRow(table, Object.values(row).join(' '), file);
  }
}

/** A row that is not as it was written. */
export function damagedRow(table: string, key: string, file?: string): MooringError {
  const message = `Cannot read row ${key} of table ${table}: its digest does not match; the row as it was written is wanted`;
  return new MooringError('DB_ROW_DIGEST', message, {
    place: file === undefined ? undefined : { file },
    hint: 'Check the disk, keep the file as it is, and restore the newest backup: mooring restore.',
  });
}
