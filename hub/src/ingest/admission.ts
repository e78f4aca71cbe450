import { MooringError } from '@mooring/proto';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import { MAX_HEARTBEATS_PER_SECOND } from './pace.ts';

/**
 * Streams that are established at once, each from its first moment until its first report is stored. What they say waits in memory meanwhile, at most the
 * 64 KiB that HTTP/2 lets a stream send unread: 64 MiB in all, and two batches of the store.
 */
export const MAX_ESTABLISHING = 1024;
/** Milliseconds after the welcome within which a first report is there, or is not awaited: a host whose engine hangs keeps nobody out. */
export const FIRST_REPORT_MS = 500;
/** Milliseconds that whoever is turned away stays away at least: less is a storm. */
export const MIN_COMEBACK_MS = 1000;

/** A stream among those that are being established. */
export interface Place {
  /** It was welcomed: its first report comes at once, if ever. */
  welcomed(): void;
  /** It is established, or over. */
  leave(): void;
}

/**
 * Lets in so many streams at once that a fleet which comes back in one moment costs memory for those alone. The others are told when to come back: each a
 * little later than the one before, as fast as heartbeats are taken, on top of which every agent spreads its own way back at random.
 */
export class Admission {
  readonly #timers: Timers;
  #establishing = 0;
  /** When the last of those that were turned away comes back, by the monotonic clock. */
  #lastComebackMs = 0;

  constructor(timers: Timers = MACHINE_TIMERS) {
    this.#timers = timers;
  }

  /** Throws RATE_LIMITED, with the time to stay away, when no place is free. */
  enter(host: string): Place {
    if (this.#establishing >= MAX_ESTABLISHING) throw this.#turnedAway(host);
    this.#establishing += 1;
    let isHere = true;
    let cancel = () => {};
    const leave = () => {
      cancel();
      if (isHere) this.#establishing -= 1;
      isHere = false;
    };
    const welcomed = () => {
      cancel = this.#timers.after(FIRST_REPORT_MS, leave);
    };
    return { welcomed, leave };
  }

  #turnedAway(host: string): MooringError {
    const nowMs = this.#timers.monotonicMs();
    const afterMs = 1000 / MAX_HEARTBEATS_PER_SECOND;
    this.#lastComebackMs = Math.max(this.#lastComebackMs + afterMs, nowMs + MIN_COMEBACK_MS);
    const retryAfterMs = Math.ceil(this.#lastComebackMs - nowMs);
    const message = `Cannot serve host ${host}: ${MAX_ESTABLISHING} others are just connecting; one that comes back in ${retryAfterMs} ms is wanted`;
    return new MooringError('RATE_LIMITED', message, { retryAfterMs });
  }
}
