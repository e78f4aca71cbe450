import type { ReportStore } from '../store/store.ts';
import { every, MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { Presence } from './presence.ts';

/** Milliseconds between looks for hosts that went silent: `Offline` shows at most this much late. */
const SWEEP_MS = 500;
/** Milliseconds between flushes of last signs of life: what a restart of the hub may forget. */
const FLUSH_MS = 30_000;

/** What keeping presence relies on. */
export interface KeepPresenceParts {
  readonly presence: Presence;
  readonly store: Pick<ReportStore, 'putLastSeen'>;
  /** Takes failures of flushes; the next one tries again. */
  readonly onError: (error: unknown) => void;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/** Looks for silent hosts and remembers signs of life, until the returned function is called, which flushes once more. */
export function keepPresence(parts: KeepPresenceParts): () => Promise<void> {
  const { presence, store, onError, timers = MACHINE_TIMERS } = parts;
  const flush = () => store.putLastSeen(presence.lastSeen()).catch(onError);
  const endSweeping = every(timers, SWEEP_MS, () => presence.look());
  const endFlushing = every(timers, FLUSH_MS, () => void flush());
  return async () => {
    endSweeping();
    endFlushing();
    await flush();
  };
}
