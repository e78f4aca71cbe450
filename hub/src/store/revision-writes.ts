import { REVISION_RETENTION_ROWS, TOLD_REVISION_ROWS } from './retention.ts';
import { stamp } from './row-digest.ts';
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
  stamp(database, 'revisions', sequence);
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
  stamp(database, 'revisions', counts.sequence);
  return undefined;
}

/** Keeps commits that hosts told of, each once, by the first assignment that is known to have brought it. */
export function addToldRevisions(database: Sqlite, { revisions }: Writes['addToldRevisions']['takes']): undefined {
  for (const { commit, host, issuedAtMs, reason, actor } of revisions) {
    database.run(
      `INSERT INTO told_revisions (commit_id, host, issued_at_ms, reason, actor) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (commit_id) DO UPDATE SET host = excluded.host, issued_at_ms = excluded.issued_at_ms, reason = excluded.reason,
         actor = excluded.actor WHERE excluded.issued_at_ms < issued_at_ms`,
      commit,
      host,
      issuedAtMs,
      reason,
      actor,
    );
  }
  database.run(
    'DELETE FROM told_revisions WHERE commit_id NOT IN (SELECT commit_id FROM told_revisions ORDER BY issued_at_ms DESC, commit_id LIMIT ?)',
    TOLD_REVISION_ROWS,
  );
  return undefined;
}
