import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import type Docker from 'dockerode';

// 50 containers take seconds; more than this is a fault.
const DEADLINE_MS = 120_000;

/** Listens until `count` containers have been started, whoever starts them; the engine's own clock is the judge. */
export interface StartWatch {
  /** Unix milliseconds at which the last one was started. */
  readonly lastMs: Promise<number>;
  close(): void;
}

/** Begins to listen to the engine's start events; resolves when it listens. */
export async function watchStarts(docker: Docker, count: number): Promise<StartWatch> {
  const stop = new AbortController();
  const stream = await docker.getEvents({
    filters: { type: ['container'], event: ['start'] },
    abortSignal: stop.signal,
  });
  const lastMs = lastStart(stream as Readable, count);
  // Whoever closes early is not told of it here.
  lastMs.catch(() => undefined);
  return { lastMs, close: () => stop.abort() };
}

function lastStart(stream: Readable, count: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(
    () => reject(new Error(`${seen.size} of ${count} containers started within ${DEADLINE_MS} ms`)),
    DEADLINE_MS,
  );
  const seen = new Map<string, number>();
  stream.once('error', reject);
  // An aborted response breaks the pipe, not the reader of lines.
  createInterface({ input: stream.pipe(new PassThrough()) }).on('line', (line) => {
    const { id, timeNano } = JSON.parse(line) as { id: string; timeNano: number };
    seen.set(id, timeNano / 1e6);
    if (seen.size === count) resolve(Math.max(...seen.values()));
  });
  return promise.finally(() => clearTimeout(timer));
}
