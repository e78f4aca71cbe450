import { Assignment, decodeEnvelope, MooringError, PAYLOAD_TYPES } from '@mooring/proto';
import { GENERATION_PRUNE_EVERY, GENERATION_RETENTION_ROWS } from './retention.ts';
import { putRow } from './row-digest.ts';
import type { Sqlite } from './sqlite.ts';
import type { AssignedStack, AssignmentRecord } from './store.ts';
import type { Writes } from './write.ts';

/** Stores assignments that were issued; the envelope of the one before is let go, its generation is remembered unless it is passed over. */
export function putAssignments(database: Sqlite, { records }: Writes['putAssignments']['takes']): undefined {
  for (const record of records) putAssignment(database, record);
  return undefined;
}

function putAssignment(database: Sqlite, record: AssignmentRecord): void {
  const { host, digest, revision } = record;
  const generation = Number(record.generation);
  const newest =
    database.one<{ generation: number }>('SELECT generation FROM assignments WHERE host = ?', host)?.generation ?? 0;
  const isPassedOver = record.passesOver === BigInt(newest);
  if ((generation <= newest && !isPassedOver) || !Number.isSafeInteger(generation)) {
    const reason = `generation ${record.generation} is not above ${newest}; a growing one is wanted`;
    throw new MooringError('INVALID_ARGUMENT', `Cannot store the assignment of ${host}: ${reason}`);
  }
  // What is passed over satisfies no revision: nobody will ever run it.
  if (isPassedOver) database.run('DELETE FROM assignment_history WHERE host = ? AND generation >= ?', host, generation);
  putRow(database, 'assignments', {
    host,
    generation,
    envelope: record.envelope,
    digest,
    content_digest: record.contentDigest,
    objects: JSON.stringify(record.objects),
    stacks: JSON.stringify(readStacks(record.envelope)),
    revision,
    issued_at_ms: record.issuedAtMs,
  });
  putRow(database, 'assignment_history', { host, generation, revision, digest });
  // Whatever the host had, this one is newer than the backup that did not know.
  database.run('UPDATE hosts SET high_water = 0 WHERE name = ? AND high_water < 0', host);
  if (generation % GENERATION_PRUNE_EVERY === 0) pruneGenerations(database, host);
}

function pruneGenerations(database: Sqlite, host: string): void {
  database.run(
    `DELETE FROM assignment_history WHERE host = ? AND generation <=
       (SELECT generation FROM assignment_history WHERE host = ? ORDER BY generation DESC LIMIT 1 OFFSET ?)`,
    host,
    host,
    GENERATION_RETENTION_ROWS,
  );
}

function readStacks(envelope: Uint8Array): AssignedStack[] {
  const { payload, payloadType } = decodeEnvelope(envelope);
  if (payloadType !== PAYLOAD_TYPES.assignment) {
    const message = `Cannot store an assignment: its envelope holds ${payloadType}; ${PAYLOAD_TYPES.assignment} is wanted`;
    throw new MooringError('ASSIGNMENT_TYPE', message);
  }
  const { stacks } = Assignment.decode(payload);
  return stacks.map(({ stack, commit, release }) => ({ stack, commit, bundle: release?.bundle ?? '' }));
}

/** Stores objects; one that is there keeps its bytes and counts as new again, so that pruning passes over it. */
export function putObjects(database: Sqlite, { records, storedAtMs }: Writes['putObjects']['takes']): undefined {
  for (const { object, plainDigest, plainSize, ciphertext, stack } of records) {
    database.run(
      `INSERT INTO objects (object, plain_digest, plain_size, stack, stored_at_ms, ciphertext) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (object) DO UPDATE SET stored_at_ms = excluded.stored_at_ms`,
      object,
      plainDigest,
      plainSize,
      stack,
      storedAtMs,
      ciphertext,
    );
  }
  return undefined;
}

/** Removes objects that no newest assignment names. */
export function pruneObjects(database: Sqlite, { olderThanMs }: Writes['pruneObjects']['takes']): readonly string[] {
  return database
    .all<{ object: string }>(
      `DELETE FROM objects WHERE stored_at_ms < ? AND object NOT IN
         (SELECT named.value FROM assignments, json_each(assignments.objects) AS named)
       RETURNING object`,
      olderThanMs,
    )
    .map(({ object }) => object);
}
