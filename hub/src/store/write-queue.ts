import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MooringError, type Problem } from '@mooring/proto';
import { fromFailure } from './failure.ts';
import { type Touched, touchedBy, touchedByAny } from './touched.ts';
import type { Write, WriteKind, Writes } from './write.ts';
import type { FromWriter, NumberedWrite, ToWriter } from './writer.ts';

/** Changes that may wait for the writer at once: a second of its work, so that a slow disk slows the callers down and not the memory up. */
export const MAX_WAITING_WRITES = 20_000;

interface Waiting {
  readonly touched: Touched;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: MooringError) => void;
}

/** The main thread's end of the writer. */
export interface WriteQueue {
  /** Resolves after COMMIT. Rejects with RATE_LIMITED when too many wait, DB_WRITER when the writer is gone, or as the change was refused. */
  write<K extends WriteKind>(kind: K, takes: Writes[K]['takes']): Promise<Writes[K]['answers']>;
  /** What keeps the writer from storing as it should, at its last commit; undefined: nothing. */
  problem(): Problem | undefined;
  /** Commits what waits and ends the thread. */
  close(): Promise<void>;
}

/** Starts the writer thread; `onCommit` is called after each batch that changed something, before its promises resolve, with whom it touched. */
export function startWriteQueue(file: string, onCommit: (touched: Touched) => void): WriteQueue {
  const waiting = new Map<number, Waiting>();
  const worker = new Worker(writerUrl(), { workerData: { file }, execArgv: [] });
  let stopped: MooringError | undefined;
  let problem: Problem | undefined;
  let nextId = 1;
  let unsent: NumberedWrite[] = [];

  const stop = (error: MooringError) => {
    stopped ??= error;
    for (const { reject } of waiting.values()) reject(stopped);
    waiting.clear();
  };
  // Handing over costs more than what is handed over: the changes of one turn go together.
  const send = () => {
    if (unsent.length > 0) worker.postMessage(unsent satisfies ToWriter);
    unsent = [];
  };
  worker.on('message', ({ answers, problem: now }: FromWriter) => {
    problem = now === undefined ? undefined : toProblem(fromFailure(now));
    const stored = answers.filter(({ outcome }) => 'answer' in outcome);
    if (stored.length > 0) onCommit(touchedByAny(stored.map(({ id }) => waiting.get(id)?.touched ?? 'fleet')));
    for (const { id, outcome } of answers) {
      const { resolve, reject } = take(waiting, id);
      if ('failure' in outcome) reject(fromFailure(outcome.failure));
      else resolve(outcome.answer);
    }
  });
  worker.on('error', (cause) => stop(writerGone(cause)));
  worker.on('exit', () => stop(writerGone(undefined)));

  return {
    write<K extends WriteKind>(kind: K, takes: Writes[K]['takes']) {
      if (stopped !== undefined) return Promise.reject(stopped);
      if (waiting.size >= MAX_WAITING_WRITES) return Promise.reject(tooMany());
      return new Promise<Writes[K]['answers']>((resolve, reject) => {
        const id = nextId++;
        // The writer answers each kind with its own type.
        const write: Write = { kind, takes };
        waiting.set(id, { touched: touchedBy(write), resolve: resolve as (answer: unknown) => void, reject });
        if (unsent.length === 0) setImmediate(send);
        unsent.push({ id, write });
      });
    },
    problem: () => (stopped === undefined ? problem : toProblem(stopped)),
    async close() {
      if (stopped !== undefined) return;
      const exited = once(worker, 'exit');
      send();
      worker.postMessage('close' satisfies ToWriter);
      await exited;
    },
  };
}

function toProblem({ code, message, hint = '' }: MooringError): Problem {
  return { code, message, hint, sinceMs: 0n };
}

/** The file beside this one, in source, in the build, and in the bundle (.mjs) alike. */
function writerUrl(): URL {
  return new URL(`./writer${extname(import.meta.url)}`, import.meta.url);
}

function take(waiting: Map<number, Waiting>, id: number): Waiting {
  const found = waiting.get(id);
  if (found === undefined)
    throw new MooringError('INTERNAL', `Cannot settle write ${id}: it does not wait; one that waits is wanted`);
  waiting.delete(id);
  return found;
}

function tooMany(): MooringError {
  const message = `Cannot store a change: ${MAX_WAITING_WRITES} wait for the disk; fewer are wanted`;
  return new MooringError('RATE_LIMITED', message, {
    hint: 'Look at the disk that holds the data folder; trying again later is enough.',
  });
}

function writerGone(cause: unknown): MooringError {
  const message = 'Cannot write to the database: its writer has stopped; a running one is wanted';
  return new MooringError('DB_WRITER', message, {
    hint: 'Start the hub again; what was acknowledged is stored.',
    cause,
  });
}
