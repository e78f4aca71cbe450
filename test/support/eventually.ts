import { setTimeout as delay } from 'node:timers/promises';

// Short beside anything that is awaited.
const POLL_MS = 50;
/** How long a condition is awaited unless said otherwise, in milliseconds. */
const DEFAULT_DEADLINE_MS = 120_000;

/** Awaits that `look` stops throwing, and returns what it returned; rejects at the deadline with what was awaited and the last failure. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  deadlineMs = DEFAULT_DEADLINE_MS,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > end) {
        const last = error instanceof Error ? error.message : String(error);
        throw new Error(`not within ${deadlineMs} ms: ${what}; last: ${last}`, { cause: error });
      }
    }
    await delay(POLL_MS);
  }
}
