import { LABELS } from '@mooring/proto';
import { Backoff, pause } from '../backoff.ts';
import type { Log } from '../log.ts';
import type { Engine } from './engine.ts';

/** Between subscriptions: an engine that restarts is found soon. */
const RESUBSCRIBE = { firstMs: 500, maxMs: 10_000 };

/** Calls back for changes of the fleet's objects on the engine, until it is closed; a stream that ends is begun again, with a look in between. */
export function watchEngine(parts: { open: () => Promise<Engine>; fleetId: string; onChange: () => void; log: Log }): {
  close(): Promise<void>;
} {
  const stop = new AbortController();
  const run = follow(parts, stop.signal);
  return {
    close: async () => {
      stop.abort();
      await run;
    },
  };
}

async function follow(
  { open, fleetId, onChange, log }: Parameters<typeof watchEngine>[0],
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(RESUBSCRIBE);
  while (!signal.aborted) {
    try {
      const engine = await open();
      const changes = engine.changes(`${LABELS.fleet}=${fleetId}`, signal);
      // What happened while nobody listened is found by looking.
      onChange();
      for await (const _ of changes) {
        backoff.reset();
        onChange();
      }
    } catch (error) {
      if (!signal.aborted)
        log.debug(
          { reason: error instanceof Error ? error.message : String(error) },
          "the engine's events cannot be followed",
        );
    }
    if (signal.aborted) return;
    onChange();
    await pause(backoff.next(), signal);
  }
}
