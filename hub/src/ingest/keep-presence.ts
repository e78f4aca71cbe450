import type { ReportStore } from '../store/store.ts';
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
}

/** Looks for silent hosts and remembers signs of life, until the returned function is called, which flushes once more. */
export function keepPresence({ presence, store, onError }: KeepPresenceParts): () => Promise<void> {
  const flush = () => store.putLastSeen(presence.lastSeen()).catch(onError);
  const sweeping = setInterval(() => presence.sweep(), SWEEP_MS);
  const flushing = setInterval(() => void flush(), FLUSH_MS);
  return async () => {
    clearInterval(sweeping);
    clearInterval(flushing);
    await flush();
  };
}
