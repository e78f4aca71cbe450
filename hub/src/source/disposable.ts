import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { MooringError } from '@mooring/proto';

/** What a disposable process may use. */
export interface DisposableLimits {
  /** Milliseconds of wall-clock time. */
  readonly timeoutMs: number;
  /** MiB of JavaScript heap; above it the engine aborts the process. */
  readonly maxHeapMib: number;
  /** MiB of resident memory, buffers included; above it the process is killed (on Linux, where it can be seen). */
  readonly maxResidentMib: number;
}

/** Bounds that hold unless a test says otherwise: ten times what an honest repository of 10,000 files needs. */
export const DISPOSABLE_LIMITS: DisposableLimits = { timeoutMs: 60_000, maxHeapMib: 512, maxResidentMib: 1024 };

/** Milliseconds between looks at a process's memory: a bomb inflates some 100 MB in between. */
const MEMORY_WATCH_MS = 50;
/** Bytes of standard error that are looked at for the reason of an abort. */
const MAX_STDERR_BYTES = 16 * 1024;
const PAGE_BYTES = 4096;

/** One run of a module in a process of its own. */
export interface DisposableRun {
  /** The module: it gets the task as its first message and answers with messages; the last one ends it. */
  readonly module: URL;
  readonly task: unknown;
  readonly limits: DisposableLimits;
  /** Called for each message; true: that was the answer, and the process is ended. May throw to refuse a message. */
  onMessage(message: unknown): boolean;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/**
 * Runs a module in a process with an empty environment and bounded memory and time, so that whatever its input does to it costs only that
 * process. Resolves once `onMessage` returned true. Throws SOURCE_TIMEOUT, or SOURCE_CHILD_FAILED when it died, with the reason.
 */
export async function runDisposable(run: DisposableRun): Promise<void> {
  run.signal.throwIfAborted();
  const child = fork(run.module, [], {
    env: {},
    execArgv: [`--max-old-space-size=${run.limits.maxHeapMib}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const end = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const stderr = tailOf(child);
      watch({ child, run, stop: end.signal, reject });
      child.on('message', (message) => {
        try {
          if (run.onMessage(message)) resolve();
        } catch (error) {
          reject(error);
        }
      });
      child.on('error', (cause) => reject(failed('it could not be started', cause)));
      child.on('exit', (code, signal) => reject(failed(exitReason(stderr(), code, signal))));
      child.send(run.task as object, (cause) => {
        if (cause !== null) reject(failed('it took no task', cause));
      });
    });
  } finally {
    end.abort();
    await ended(child);
  }
}

/** Kills the process when it takes too long or too much memory, or when it is no longer wanted. */
function watch({
  child,
  run,
  stop,
  reject,
}: {
  child: ChildProcess;
  run: DisposableRun;
  stop: AbortSignal;
  reject: (error: unknown) => void;
}): void {
  const { timeoutMs, maxResidentMib } = run.limits;
  const timeout = setTimeout(
    () =>
      reject(
        new MooringError(
          'SOURCE_TIMEOUT',
          `Cannot read the repository: it took more than ${timeoutMs / 1000} s; a smaller repository is wanted`,
        ),
      ),
    timeoutMs,
  );
  const memory = setInterval(() => {
    residentBytes(child).then(
      (bytes) => {
        if (bytes > maxResidentMib * 1024 * 1024) reject(failed(`it used more than ${maxResidentMib} MiB of memory`));
      },
      // Where memory cannot be seen, the heap limit stands alone.
      () => clearInterval(memory),
    );
  }, MEMORY_WATCH_MS);
  const abort = (): void => reject(run.signal.reason);
  run.signal.addEventListener('abort', abort, { once: true });
  stop.addEventListener('abort', () => {
    clearTimeout(timeout);
    clearInterval(memory);
    run.signal.removeEventListener('abort', abort);
  });
}

async function residentBytes(child: ChildProcess): Promise<number> {
  const fields = (await readFile(`/proc/${child.pid}/statm`, 'utf8')).split(' ');
  return Number(fields[1]) * PAGE_BYTES;
}

/** Returns what the process wrote to standard error last. */
function tailOf(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (chunk: string) => {
    tail = (tail + chunk).slice(-MAX_STDERR_BYTES);
  });
  return () => tail;
}

/** Only known phrases are taken from what it wrote: the rest may be anybody's text. */
function exitReason(stderr: string, code: number | null, signal: NodeJS.Signals | null): string {
  if (/heap out of memory|Allocation failed/.test(stderr)) return 'it ran out of memory';
  return signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
}

function failed(reason: string, cause?: unknown): MooringError {
  return new MooringError(
    'SOURCE_CHILD_FAILED',
    `Cannot read the repository: the process that reads it failed, ${reason}; a repository that can be read within its limits is wanted`,
    { cause },
  );
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await exit;
}
