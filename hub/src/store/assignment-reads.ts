import { digestOf } from '@mooring/proto';
import { damagedRow } from './row-digest.ts';
import type { Sqlite } from './sqlite.ts';
import type { AssignedStack, AssignmentHead, AssignmentRecord, AssignmentStore, ObjectRecord } from './store.ts';

interface StoredHead {
  readonly host: string;
  readonly generation: number;
  readonly digest: string;
  readonly revision: number;
  readonly issuedAtMs: number;
  readonly stacks: string;
}

interface StoredAssignment extends Omit<StoredHead, 'stacks'> {
  readonly envelope: Uint8Array;
  readonly contentDigest: string;
  readonly objects: string;
}

const HEADS = 'SELECT host, generation, digest, revision, issued_at_ms AS issuedAtMs, stacks FROM assignments';
const ASSIGNMENTS = `SELECT host, generation, envelope, digest, content_digest AS contentDigest, objects, revision,
  issued_at_ms AS issuedAtMs FROM assignments`;
const OBJECTS = 'SELECT object, plain_digest AS plainDigest, plain_size AS plainSize, ciphertext, stack FROM objects';
/** Bundles that a prefix may match before it counts as ambiguous. */
const AMBIGUOUS = 2;

/** Reads of what was published. Bytes are compared with their digest each time: a flipped bit must not reach a host. */
export type AssignmentReads = Omit<AssignmentStore, 'putAssignments' | 'putObjects' | 'pruneObjects'>;

export function assignmentReads(database: Sqlite): AssignmentReads {
  return { ...issuedReads(database), ...objectReads(database) };
}

function issuedReads(database: Sqlite) {
  return {
    assignment: (host: string) => {
      const row = database.one<StoredAssignment>(`${ASSIGNMENTS} WHERE host = ?`, host);
      return row === undefined ? undefined : toAssignment(row);
    },
    assignments: () => database.all<StoredAssignment>(`${ASSIGNMENTS} ORDER BY host`).map(toAssignment),
    assignmentHead: (host: string) => {
      const row = database.one<StoredHead>(`${HEADS} WHERE host = ?`, host);
      return row === undefined ? undefined : toHead(row);
    },
    assignmentHeads: () => database.all<StoredHead>(`${HEADS} ORDER BY host`).map(toHead),
    hostsOfObject: (object: string, limit: number) =>
      database
        .all<{ host: string }>(
          `SELECT DISTINCT host FROM assignments, json_each(assignments.objects) AS named WHERE named.value = ? ORDER BY host LIMIT ?`,
          object,
          limit,
        )
        .map(({ host }) => host),
    generationFor: (host: string, revision: number) => {
      const row = database.one<{ generation: number | null }>(
        'SELECT max(generation) AS generation FROM assignment_history WHERE host = ? AND revision <= ?',
        host,
        revision,
      );
      return typeof row?.generation === 'number' ? BigInt(row.generation) : undefined;
    },
    generationsFor: (revision: number) =>
      new Map(
        database
          .all<{ host: string; generation: number }>(
            'SELECT host, max(generation) AS generation FROM assignment_history WHERE revision <= ? GROUP BY host ORDER BY host',
            revision,
          )
          .map(({ host, generation }) => [host, BigInt(generation)]),
      ),
  };
}

function objectReads(database: Sqlite) {
  const object = (where: string, value: string) => {
    const row = database.one<ObjectRecord>(`${OBJECTS} WHERE ${where} LIMIT 1`, value);
    return row === undefined ? undefined : checkObject(row);
  };
  return {
    object: (name: string) => object('object = ?', name),
    objectByPlainDigest: (plainDigest: string) => object('plain_digest = ?', plainDigest),
    findBundles: (hexPrefix: string) => {
      // The range of a prefix: no hex digit sorts behind "g".
      const [low, high] = [`sha256:${hexPrefix}`, `sha256:${hexPrefix}g`];
      return database
        .all<ObjectRecord>(
          `${OBJECTS} WHERE stack <> '' AND ((object >= ? AND object < ?) OR (plain_digest >= ? AND plain_digest < ?))
           ORDER BY object LIMIT ${AMBIGUOUS}`,
          low,
          high,
          low,
          high,
        )
        .map(checkObject);
    },
    objectNames: () =>
      database.all<{ object: string }>('SELECT object FROM objects ORDER BY object').map((row) => row.object),
  };
}

function toAssignment(row: StoredAssignment): AssignmentRecord {
  if (digestOf(row.envelope) !== row.digest) throw damagedRow('assignments', row.host);
  return { ...row, generation: BigInt(row.generation), objects: JSON.parse(row.objects) as string[] };
}

function toHead(row: StoredHead): AssignmentHead {
  return { ...row, generation: BigInt(row.generation), stacks: JSON.parse(row.stacks) as AssignedStack[] };
}

function checkObject(row: ObjectRecord): ObjectRecord {
  if (digestOf(row.ciphertext) !== row.object) throw damagedRow('objects', row.object);
  return row;
}
