import { parentPort, workerData } from 'node:worker_threads';
import { Event, MooringError, Severity } from '@mooring/proto';
import { type Ballast, openBallast } from './ballast.ts';
import { commitBatch } from './commit-batch.ts';
import { toEventRow } from './event-reads.ts';
import { type Failure, toFailure } from './failure.ts';
import { LogKeeper } from './log-keeper.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';
import type { Write, WriteOutcome } from './write.ts';

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
export interface FromWriter {
  readonly answers: readonly {
    readonly id: number;
    readonly outcome: { readonly answer: unknown } | { readonly failure: Failure };
  }[];
  /** What keeps it from storing as it should, now; undefined: nothing. */
  readonly problem: Failure | undefined;
}

/** The one connection that writes, and what it needs when the disk is full. */
class Writer {
  readonly #database: Sqlite;
  readonly #log: LogKeeper;
  readonly #ballast: Ballast;
  /** The ballast was given up, and there is no room for it. */
  #isScarce = false;
  /** Of the last commit or move of the log. */
  #trouble: Failure | undefined;

  constructor(file: string) {
    this.#database = openSqlite(file, 'write');
    this.#log = new LogKeeper(this.#database, file);
    this.#ballast = openBallast(file);
  }

  get problem(): Failure | undefined {
    return this.#trouble ?? (this.#isScarce ? toFailure(diskFull()) : undefined);
  }

  /** Commits; what a full disk does not take is tried once more with the room of the ballast. */
  commit(writes: readonly Write[]): readonly WriteOutcome[] {
    this.#trouble = undefined;
    const first = this.#attempt(writes);
    if (!first.some(isFull)) return first;
    this.#isScarce = true;
    if (!this.#ballast.release()) return first;
    this.#trouble = undefined;
    const again = this.#attempt([...writes.filter((_, index) => isFull(first[index])), toldOnce(Date.now())]);
    const second = again.values();
    return first.map((outcome) => (isFull(outcome) ? (second.next().value ?? outcome) : outcome));
  }

  close(): void {
    this.#guarded(() => this.#log.end());
    this.#database.close();
  }

  #attempt(writes: readonly Write[]): readonly WriteOutcome[] {
    const outcomes = commitBatch(this.#database, writes, {
      beginsLog: this.#log.beginsLog,
      committed: () => this.#guarded(() => this.#log.committed()),
    });
    const failed = outcomes.find(isFull);
    if (failed !== undefined && 'failure' in failed) this.#trouble = toFailure(failed.failure);
    return outcomes;
  }

  /** Soon after the start, and regularly: room may be there again. */
  layBallast(): void {
    this.#guarded(() => {
      this.#isScarce = !this.#ballast.restore() && this.#ballast.lacksRoom();
    });
  }

  /** What only keeps house must not undo what is committed: its failure is told, and it is tried again. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#trouble = toFailure(error);
    }
  }
}

function isFull(outcome: WriteOutcome | undefined): boolean {
  return (
    outcome !== undefined &&
    'failure' in outcome &&
    outcome.failure instanceof MooringError &&
    outcome.failure.code === 'DB_FULL'
  );
}

/** What a full disk would otherwise keep out of the record of what happened. */
function toldOnce(nowMs: number): Write<'addEvents'> {
  const { code, message } = diskFull();
  const event: Event = {
    ...Event.create(),
    kind: 'disk.full',
    severity: Severity.SEVERITY_ERROR,
    atMs: BigInt(nowMs),
    code,
    message,
  };
  return { kind: 'addEvents', takes: { host: '', outboxId: '', events: [toEventRow(event, '')], storedAtMs: nowMs } };
}

function diskFull(): MooringError {
  return new MooringError(
    'DISK_FULL',
    'Cannot keep room for the database: its disk is full, and what was kept for that day is in use; free space is wanted',
    { hint: 'Free space on the disk that holds the data folder; the hub goes on by itself.' },
  );
}

/** True for a change of many rows, which has its company with it: whole hosts wait to be told of it. */
function isBatch({ kind }: Write): boolean {
  return kind === 'putAssignments';
}

/** Runs in a worker thread. */
function runWriter(file: string): void {
  const port = parentPort;
  if (port === null) throw new Error('the writer runs in a worker thread');
  const writer = new Writer(file);
  let waiting: NumberedWrite[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    const outcomes = writer.commit(batch.map(({ write }) => write));
    if (batch.some(({ write }) => write.kind === 'prune')) writer.layBallast();
    const answers = batch.flatMap(({ id }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) return [];
      return [{ id, outcome: 'failure' in outcome ? { failure: toFailure(outcome.failure) } : outcome }];
    });
    port.postMessage({ answers, problem: writer.problem } satisfies FromWriter);
    // What came while this was committed has waited enough. It is handed out in the next turn of the loop.
    setImmediate(() => setImmediate(flush));
  };

  port.on('message', (message: ToWriter) => {
    if (message === 'close') {
      flush();
      writer.close();
      port.close();
      return;
    }
    for (const numbered of message) {
      waiting.push(numbered);
      if (waiting.length >= BATCH_WRITES || isBatch(numbered.write)) flush();
    }
    if (waiting.length > 0) timer ??= setTimeout(flush, BATCH_WAIT_MS);
  });
}

runWriter((workerData as { readonly file: string }).file);
