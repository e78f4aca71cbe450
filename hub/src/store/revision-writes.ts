import { REVISION_RETENTION_ROWS } from './retention.ts';
import type { Sqlite } from './sqlite.ts';
import type { RevisionRow, Writes } from './write.ts';

/** Stores a decision; returns its sequence. The oldest beyond the retention go, never the newest accepted one. */
export function addRevision(database: Sqlite, row: RevisionRow): number {
  const sequence = database.insert(
    `INSERT INTO revisions (commit_id, verdict, objects_published, assignments_issued, issued, body) VALUES (?, ?, ?, ?, 0, ?)`,
    row.commit,
    row.verdict,
    row.objectsPublished,
    row.assignmentsIssued,
    row.body,
  );
  database.run(
    'DELETE FROM revisions WHERE sequence <= ? AND sequence < (SELECT max(sequence) FROM revisions WHERE verdict = 1)',
    sequence - REVISION_RETENTION_ROWS,
  );
  return sequence;
}

export function updateRevision(database: Sqlite, counts: Writes['updateRevision']['takes']): undefined {
  database.run(
    'UPDATE revisions SET objects_published = ?, assignments_issued = ?, issued = 1 WHERE sequence = ?',
    counts.objectsPublished,
    counts.assignmentsIssued,
    counts.sequence,
  );
  return undefined;
}
