import { type Digest, MooringError } from '@mooring/proto';
import { Backoff, pause } from '../backoff.ts';
import type { Log } from '../log.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { BrokerConnection, BrokerTarget } from './nats.ts';

/** The first attempt comes about when a broker that restarts is there again; a dead one is asked twice a minute. */
const RECONNECT = { firstMs: 500, maxMs: 30_000 };

/** How a connection stands. */
export interface LinkState {
  readonly connected: boolean;
  /** Unix milliseconds since when. */
  readonly sinceMs: number;
  /** Why it is not connected; empty when it is. */
  readonly reason: string;
}

/** What the link relies on. */
export interface BrokerLinkParts {
  readonly connect: (target: Pick<BrokerTarget, 'urls' | 'onPush' | 'onRefusal'>) => Promise<BrokerConnection>;
  readonly urls: readonly string[];
  readonly onPush: (envelope: Uint8Array) => void;
  /** Called after each (re)connection. */
  readonly onReady: () => void;
  readonly log: Log;
  readonly nowMs: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/** Keeps one connection to the broker, for ever. */
export class BrokerLink {
  readonly #parts: BrokerLinkParts;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;
  #urls: readonly string[];
  #connection: BrokerConnection | undefined;
  #state: LinkState;

  constructor(parts: BrokerLinkParts) {
    this.#parts = parts;
    this.#urls = parts.urls;
    this.#state = { connected: false, sinceMs: parts.nowMs(), reason: 'not connected yet' };
    this.#run = this.#keepConnected();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The host's newest assignment; undefined: the broker holds none. Throws BROKER_UNREACHABLE. */
  async assignment(): Promise<Uint8Array | undefined> {
    return await this.#connected().assignment();
  }

  /** An object's sealed bytes, not checked. Throws BROKER_UNREACHABLE. */
  async object(object: Digest): Promise<Uint8Array | undefined> {
    return await this.#connected().object(object);
  }

  /** The hub says where the broker is now; the next connection goes there. */
  moveTo(urls: readonly string[]): void {
    if (urls.length === 0 || urls.join(' ') === this.#urls.join(' ')) return;
    this.#urls = urls;
    this.#connection?.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#connection?.close();
    await this.#run;
  }

  #connected(): BrokerConnection {
    if (this.#connection !== undefined) return this.#connection;
    throw new MooringError(
      'BROKER_UNREACHABLE',
      `Cannot ask the broker: ${this.#state.reason}; a connection is wanted`,
    );
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#stop;
    const { timers = MACHINE_TIMERS } = this.#parts;
    const backoff = new Backoff(RECONNECT, timers.chance);
    while (!signal.aborted) {
      try {
        await this.#once();
        backoff.reset();
      } catch (error) {
        this.#lost(error instanceof Error ? error.message : String(error));
      }
      await pause(backoff.next(), signal, timers);
    }
  }

  /** Connects and waits until the connection has ended. */
  async #once(): Promise<void> {
    const { connect, onPush, onReady, log, nowMs } = this.#parts;
    const connection = await connect({
      urls: this.#urls,
      onPush,
      onRefusal: (what) => log.warn({ what }, 'the broker refused something'),
    });
    if (this.#stop.signal.aborted) return connection.close();
    this.#connection = connection;
    this.#state = { connected: true, sinceMs: nowMs(), reason: '' };
    log.info({ urls: this.#urls }, 'connected to the broker');
    onReady();
    this.#lost(await connection.ended);
  }

  #lost(reason: string): void {
    this.#connection = undefined;
    if (this.#state.connected) this.#parts.log.warn({ reason }, 'the connection to the broker is lost');
    const sinceMs = this.#state.connected ? this.#parts.nowMs() : this.#state.sinceMs;
    this.#state = { connected: false, sinceMs, reason };
  }
}
