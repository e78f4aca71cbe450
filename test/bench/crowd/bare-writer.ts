/** The bare group commit: a worker thread with better-sqlite3 and one prepared statement, one transaction for each message that it gets. */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** A report's row. */
export type Row = readonly [host: string, stack: string, body: Uint8Array];

if (parentPort !== null) {
  const port = parentPort;
  const database = new Database(workerData as string);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE reports (host TEXT, stack TEXT, body BLOB, PRIMARY KEY (host, stack)) STRICT');
  const put = database.prepare('INSERT OR REPLACE INTO reports (host, stack, body) VALUES (?, ?, ?)');
  const commit = database.transaction((rows: readonly Row[]) => {
    for (const row of rows) put.run(row);
  });
  port.on('message', (rows: readonly Row[]) => {
    commit(rows);
    port.postMessage(rows.length);
  });
}
