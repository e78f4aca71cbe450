import { type ErrorCode, Severity } from '@mooring/proto';
import type { EventStore } from '../store/store.ts';

/** Milliseconds within which the same thing of the same host is told once: an attacker must not fill the log. */
const ONCE_PER_MS = 60_000;
/** Things that are remembered at once. */
const MAX_REMEMBERED = 10_000;

/** Something that a host did and should not have. */
export interface Misdeed {
  readonly host: string;
  readonly kind: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly severity?: Severity;
}

/** Tells misdeeds as events, each kind of each host once a minute. */
export class SecurityLog {
  readonly #store: Pick<EventStore, 'addHubEvent'>;
  readonly #clock: () => number;
  readonly #toldAtMs = new Map<string, number>();

  constructor(store: Pick<EventStore, 'addHubEvent'>, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
  }

  async tell({ host, kind, code, message, severity = Severity.SEVERITY_SECURITY }: Misdeed): Promise<void> {
    const key = `${host} ${kind}`;
    const nowMs = this.#clock();
    const toldAtMs = this.#toldAtMs.get(key);
    // A clock that was set back must not keep it quiet until it has caught up.
    if (toldAtMs !== undefined && nowMs >= toldAtMs && nowMs - toldAtMs < ONCE_PER_MS) return;
    this.#toldAtMs.delete(key);
    this.#toldAtMs.set(key, nowMs);
    const [oldest] = this.#toldAtMs.keys();
    if (this.#toldAtMs.size > MAX_REMEMBERED && oldest !== undefined) this.#toldAtMs.delete(oldest);
    await this.#store.addHubEvent({ host, kind, code, message, severity, atMs: BigInt(nowMs) });
  }
}
