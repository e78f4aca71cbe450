import { parentPort, workerData } from 'node:worker_threads';
import { commitBatch } from './commit-batch.ts';
import { type Failure, toFailure } from './failure.ts';
import { openSqlite } from './sqlite.ts';
import type { Write } from './write.ts';

/** Milliseconds that the first change after a rest waits for company: an acknowledgement is still prompt, and one fdatasync serves hundreds. */
const BATCH_WAIT_MS = 20;
/** Changes of one batch: beyond it, sharing the fdatasync gains nothing more. */
const BATCH_WRITES = 500;

/** What the main thread sends: the changes of one turn of its loop, together. */
export type ToWriter = readonly NumberedWrite[] | 'close';

/** A change and what its answer is known by. */
export interface NumberedWrite {
  readonly id: number;
  readonly write: Write;
}

/** What the writer answers, after COMMIT. */
export type FromWriter = {
  readonly id: number;
  readonly outcome: { readonly answer: unknown } | { readonly failure: Failure };
}[];

/** Runs in a worker thread: the one connection that writes. */
function runWriter(file: string): void {
  const port = parentPort;
  if (port === null) throw new Error('the writer runs in a worker thread');
  const database = openSqlite(file, 'write');
  let waiting: NumberedWrite[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    const outcomes = commitBatch(
      database,
      batch.map(({ write }) => write),
    );
    const answers: FromWriter = batch.flatMap(({ id }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) return [];
      return [{ id, outcome: 'failure' in outcome ? { failure: toFailure(outcome.failure) } : outcome }];
    });
    port.postMessage(answers);
    // What came while this was committed has waited enough. It is handed out in the next turn of the loop.
    setImmediate(() => setImmediate(flush));
  };

  port.on('message', (message: ToWriter) => {
    if (message === 'close') {
      flush();
      database.close();
      port.close();
      return;
    }
    for (const write of message) waiting.push(write);
    if (waiting.length >= BATCH_WRITES) flush();
    else timer ??= setTimeout(flush, BATCH_WAIT_MS);
  });
}

runWriter((workerData as { readonly file: string }).file);
