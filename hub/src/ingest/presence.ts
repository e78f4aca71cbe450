import { type ConnectResponse, OFFLINE_AFTER_HEARTBEATS } from '@mooring/proto';
import type { Sighting } from '../drift/host-facts.ts';

/** Replaced boots that are remembered of one host, to notice one that comes back. */
const MAX_ENDED_BOOTS = 16;

/**
 * Milliseconds without a look after which the hub itself was held up: presence is looked at far more often. What passed beyond counts for no host's silence,
 * since nobody was there to hear it speak.
 */
const STALLED_AFTER_MS = 2000;

/** What a stream brings along. */
export interface Arrival {
  readonly host: string;
  readonly bootId: string;
  /** Empty: the host does not know it. */
  readonly machineId: string;
  /** Questions that the agent can answer. */
  readonly questions: readonly string[];
  readonly send: (message: ConnectResponse) => void;
  /** Ends the stream because another one of the same host took its place. */
  readonly supersede: () => void;
}

/** One stream of one host, for as long as no newer one takes its place. */
export interface Connection {
  readonly arrival: Arrival;
  /** True while no newer stream of the host took its place. */
  isCurrent(): boolean;
  /** A sign of life; the next is expected within the interval. */
  seen(intervalMs: number): void;
  /** A full report is stored. */
  reported(): void;
  /** The stream is over. Says nothing about the host: it is offline when its heartbeats stay away. */
  close(): void;
}

interface Entry {
  lastSeenMs: number;
  /** When that was, by the clock that nobody sets, without what the hub was held up. */
  seenAtMs: number;
  intervalMs: number;
  bootId: string;
  reported: boolean;
  online: boolean;
  connection: Connection | undefined;
  readonly endedBoots: Set<string>;
}

/** Times of both kinds: the clock is shown, and may be set; what is silent for how long is judged by the other. */
export interface Clocks {
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number;
}

/** Who is there, in memory: heartbeats never touch the disk. */
export class Presence {
  readonly #clocks: Clocks;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(host: string) => void>();
  #online = 0;
  /** When the hub looked last; undefined: nobody looks regularly. */
  #lookedAtMs: number | undefined;
  #stalledMs = 0;

  /** `lastSeen`: what the store remembers from before. */
  constructor(clocks: Clocks, lastSeen: ReadonlyMap<string, number> = new Map()) {
    this.#clocks = clocks;
    for (const [host, lastSeenMs] of lastSeen) this.#entries.set(host, { ...newEntry(), lastSeenMs });
  }

  /**
   * A stream begins and takes the place of the one before. `cloned` tells that two machines speak as one host: another machine while one is
   * live, or a boot that was replaced and is back.
   */
  open(arrival: Arrival, intervalMs: number): { readonly connection: Connection; readonly cloned: boolean } {
    const entry = this.#entry(arrival.host);
    const before = entry.connection;
    const cloned = entry.endedBoots.has(arrival.bootId) || this.#isOtherMachine(entry, arrival);
    if (entry.bootId !== arrival.bootId) {
      if (entry.bootId !== '') endBoot(entry.endedBoots, entry.bootId);
      entry.endedBoots.delete(arrival.bootId);
      entry.bootId = arrival.bootId;
      entry.reported = false;
    }
    const connection = this.#connection(entry, arrival);
    entry.connection = connection;
    connection.seen(intervalMs);
    before?.arrival.supersede();
    return { connection, cloned };
  }

  sighting(host: string): Sighting {
    const entry = this.#entries.get(host);
    if (entry === undefined) return { online: false, lastSeenMs: 0, reported: false };
    const online = this.#isOnline(entry);
    return { online, lastSeenMs: entry.lastSeenMs, reported: online && entry.reported };
  }

  /** The stream of a host that may be written to. */
  connection(host: string): Connection | undefined {
    return this.#entries.get(host)?.connection;
  }

  /** How many hosts were there at the last sweep, and came since. */
  onlineCount(): number {
    return this.#online;
  }

  /** Milliseconds in which the hub was held up, since its start. */
  get stalledMs(): number {
    return this.#stalledMs;
  }

  /** Last signs of life of all hosts. */
  lastSeen(): ReadonlyMap<string, number> {
    return new Map([...this.#entries].map(([host, { lastSeenMs }]) => [host, lastSeenMs]));
  }

  /** The regular look: from the first one on, time in which it stayed away is time in which the hub heard nobody. */
  look(): void {
    this.#lookedAtMs ??= this.#clocks.monotonicMs();
    this.sweep();
  }

  /** Tells the listeners of hosts whose heartbeats stayed away. */
  sweep(): void {
    for (const [host, entry] of this.#entries) {
      if (entry.online && !this.#isOnline(entry)) {
        entry.online = false;
        this.#online--;
        this.#tell(host);
      }
    }
  }

  /** A host left the fleet. */
  forget(host: string): void {
    const entry = this.#entries.get(host);
    this.#entries.delete(host);
    if (entry?.online === true) this.#online--;
    entry?.connection?.arrival.supersede();
    this.#tell(host);
  }

  /** Calls the listener with each host that came, went, or reported for the first time; returns what ends it. */
  subscribe(listener: (host: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #connection(entry: Entry, arrival: Arrival): Connection {
    const connection: Connection = {
      arrival,
      isCurrent: () => entry.connection === connection && this.#entries.get(arrival.host) === entry,
      seen: (intervalMs) => {
        if (!connection.isCurrent()) return;
        entry.lastSeenMs = this.#clocks.clock();
        entry.seenAtMs = this.#attendedMs();
        entry.intervalMs = intervalMs;
        if (entry.online) return;
        entry.online = true;
        this.#online++;
        this.#tell(arrival.host);
      },
      reported: () => {
        if (!connection.isCurrent() || entry.reported) return;
        entry.reported = true;
        this.#tell(arrival.host);
      },
      close: () => {
        if (entry.connection === connection) entry.connection = undefined;
      },
    };
    return connection;
  }

  /** The clock that nobody sets, less what passed while the hub was held up. */
  #attendedMs(): number {
    const nowMs = this.#clocks.monotonicMs();
    if (this.#lookedAtMs !== undefined) {
      this.#stalledMs += Math.max(0, nowMs - this.#lookedAtMs - STALLED_AFTER_MS);
      this.#lookedAtMs = nowMs;
    }
    return nowMs - this.#stalledMs;
  }

  #isOnline(entry: Entry): boolean {
    // A host that never spoke to this hub since it started is not there, however fresh the memory of it is.
    const silentMs = this.#attendedMs() - entry.seenAtMs;
    return entry.bootId !== '' && silentMs <= OFFLINE_AFTER_HEARTBEATS * entry.intervalMs;
  }

  #isOtherMachine(entry: Entry, { machineId }: Arrival): boolean {
    const live = entry.connection?.arrival.machineId ?? '';
    return this.#isOnline(entry) && live !== '' && machineId !== '' && live !== machineId;
  }

  #entry(host: string): Entry {
    const present = this.#entries.get(host);
    if (present !== undefined) return present;
    const entry = newEntry();
    this.#entries.set(host, entry);
    return entry;
  }

  #tell(host: string): void {
    for (const listener of this.#listeners) listener(host);
  }
}

function newEntry(): Entry {
  return {
    lastSeenMs: 0,
    seenAtMs: 0,
    intervalMs: 0,
    bootId: '',
    reported: false,
    online: false,
    connection: undefined,
    endedBoots: new Set(),
  };
}

function endBoot(ended: Set<string>, bootId: string): void {
  ended.add(bootId);
  const [oldest] = ended;
  if (ended.size > MAX_ENDED_BOOTS && oldest !== undefined) ended.delete(oldest);
}
