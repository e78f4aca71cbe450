import { LABELS } from '@mooring/proto';
import { Backoff, pause } from '../backoff.ts';
import type { Log } from '../log.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { Change, Engine } from './engine.ts';

/** Between subscriptions: an engine that restarts is found soon. */
const RESUBSCRIBE = { firstMs: 500, maxMs: 10_000 };

/** What watching needs. */
interface WatchParts {
  readonly open: () => Promise<Engine>;
  readonly fleetId: string;
  /** What happened; empty: nobody knows, look at everything. */
  readonly onChange: (changes: readonly Change[]) => void;
  readonly log: Log;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/** Calls back for changes on the engine, until it is closed; a stream that ends is begun again, with a look in between. */
export function watchEngine(parts: WatchParts): { close(): Promise<void> } {
  const stop = new AbortController();
  const run = follow(parts, stop.signal);
  return {
    close: async () => {
      stop.abort();
      await run;
    },
  };
}

async function follow(parts: WatchParts, signal: AbortSignal): Promise<void> {
  const { open, fleetId, onChange, log, timers = MACHINE_TIMERS } = parts;
  const backoff = new Backoff(RESUBSCRIBE, timers.chance);
  while (!signal.aborted) {
    try {
      const engine = await open();
      const changes = engine.changes(`${LABELS.fleet}=${fleetId}`, signal);
      // What happened while nobody listened is found by looking.
      onChange([]);
      for await (const burst of changes) {
        backoff.reset();
        onChange(burst);
      }
    } catch (error) {
      if (!signal.aborted)
        log.debug(
          { reason: error instanceof Error ? error.message : String(error) },
          "the engine's events cannot be followed",
        );
    }
    if (signal.aborted) return;
    onChange([]);
    await pause(backoff.next(), signal, timers);
  }
}

/** Whether anything may look different. A signal changes nothing by itself: a container that it ends says so next, and only then can be helped. */
export function mayShow(changes: readonly Change[]): boolean {
  return changes.length === 0 || changes.some(({ action }) => !action.startsWith('kill'));
}
