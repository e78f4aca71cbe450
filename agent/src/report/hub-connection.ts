import { type AskBackRequest, DEFAULT_HEARTBEAT_MS, type Hello, MooringError, type Welcome } from '@mooring/proto';
import { Backoff, pause } from '../backoff.ts';
import type { Log } from '../log.ts';
import type { LinkState } from '../receive/broker-link.ts';
import type { NewestAssignment } from '../receive/high-water.ts';
import { MACHINE_TIMERS } from '../timers.ts';
import { Answering, type AnsweringOptions } from './answering.ts';
import type { HubLink } from './hub-grpc.ts';
import { HubSession, type SessionParts } from './hub-session.ts';

/** The first attempts come soon; a hub that stays away is asked about twice a minute. */
export const RECONNECT = { firstMs: 1_000, maxMs: 60_000 };
/** Milliseconds that a session must have lasted to count as a success: a hub that accepts and drops is not asked at full speed. */
const SUCCESS_MS = 10_000;

/** Bounds of the pace at which a hub that does not remember this host is asked again, in milliseconds. */
const MIN_ASK_AGAIN_MS = 500;
const MAX_ASK_AGAIN_MS = 120_000;
const HALF = 0.5;

/** What the connection relies on. */
export interface HubConnectionParts extends Pick<SessionParts, 'snapshot' | 'outbox' | 'nowMs' | 'timers'> {
  /** "host:port", tried in turn. */
  readonly addresses: () => readonly string[];
  readonly open: (address: string) => Promise<HubLink>;
  readonly hello: () => Hello;
  /** What a hub is told that does not remember this host. */
  readonly askBack: () => AskBackRequest;
  readonly onWelcome: (welcome: Welcome) => void;
  readonly onNewest: (newest: NewestAssignment) => void;
  /** Answers a question that is no resend. */
  readonly answer: AnsweringOptions['answer'];
  readonly log: Log;
}

/** Keeps one stream to the hub, for ever; the same channel answers what the broker cannot. Nothing in the agent waits for it. */
export class HubConnection {
  readonly #parts: HubConnectionParts;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;
  #link: HubLink | undefined;
  #session: HubSession | undefined;
  #state: LinkState;
  #failure: MooringError | undefined;
  #again = false;
  #heartbeatMs = 0;
  /** The hub that was asked last does not remember this host, and said when it may be asked again. */
  #askAgainMs: number | undefined;

  constructor(parts: HubConnectionParts) {
    this.#parts = parts;
    this.#state = { connected: false, sinceMs: parts.nowMs(), reason: 'not connected yet' };
    this.#run = this.#keepConnected();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why the last attempt failed; undefined while connected. */
  get failure(): MooringError | undefined {
    return this.#state.connected ? undefined : this.#failure;
  }

  /** The live channel. Throws HUB_UNREACHABLE. */
  link(): HubLink {
    if (this.#link !== undefined && this.#state.connected) return this.#link;
    throw new MooringError('HUB_UNREACHABLE', `Cannot ask the hub: ${this.#state.reason}; a connection is wanted`);
  }

  /** Something new was observed, or told. */
  changed(): void {
    this.#session?.changed();
  }

  /** Ends the stream and begins a new one, with the certificate of now. */
  reconnect(): void {
    this.#again = true;
    this.#link?.close();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#link?.close();
    await this.#run;
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#stop;
    const { timers = MACHINE_TIMERS } = this.#parts;
    const backoff = new Backoff(RECONNECT, timers.chance);
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const addresses = this.#parts.addresses();
      const startedMs = timers.monotonicMs();
      let askedMs: number | undefined;
      this.#askAgainMs = undefined;
      try {
        await this.#once(addresses[attempt % addresses.length] ?? '');
        this.#lost(
          new MooringError('HUB_UNREACHABLE', 'Cannot talk to the hub: it ended the stream; a new one is wanted'),
        );
      } catch (error) {
        askedMs = error instanceof MooringError ? error.retryAfterMs : undefined;
        this.#lost(error);
      }
      if (this.#again || timers.monotonicMs() - startedMs > SUCCESS_MS) backoff.reset(this.#paceMs);
      this.#again = false;
      await pause(this.#askAgainMs ?? backoff.next(askedMs), signal, timers);
    }
  }

  /** A hub that wants heartbeats less often than usual has many hosts: those that lost it together come back spread over its interval. */
  get #paceMs(): number {
    return this.#heartbeatMs > DEFAULT_HEARTBEAT_MS ? this.#heartbeatMs : 0;
  }

  /** Connects to one address and stays until the stream ends. */
  async #once(address: string): Promise<void> {
    const link = await this.#parts.open(address);
    this.#link = link;
    const ended = new AbortController();
    try {
      if (this.#stop.signal.aborted) return;
      const { answer, log } = this.#parts;
      const answering = new Answering({ link, answer, log, signal: ended.signal });
      const session = new HubSession({
        ...this.#parts,
        conversation: link.converse(),
        onWelcome: (welcome) => this.#welcomed(address, welcome),
        onQuestion: (request) => void answering.take(request),
      });
      this.#session = session;
      await session.run();
    } catch (error) {
      if (error instanceof MooringError && error.code === 'HOST_FORGOTTEN') await this.#askBack(link, error);
      throw error;
    } finally {
      this.#heartbeatMs = this.#session?.heartbeatMs ?? this.#heartbeatMs;
      ended.abort();
      this.#session = undefined;
      this.#link = undefined;
      link.close();
    }
  }

  /** Says who this host is; a person on the hub decides. */
  async #askBack(link: HubLink, { message: reason }: MooringError): Promise<void> {
    const { askAgainMs } = await link.askBack(this.#parts.askBack());
    const { timers = MACHINE_TIMERS } = this.#parts;
    const bounded = Math.min(Math.max(askAgainMs, MIN_ASK_AGAIN_MS), MAX_ASK_AGAIN_MS);
    // Spread, so that hosts do not come back in step.
    this.#askAgainMs = Math.round(bounded * (1 + timers.chance()) * HALF);
    if (this.#failure?.code !== 'HOST_FORGOTTEN')
      this.#parts.log.warn({ reason }, 'the hub does not remember this host');
  }

  #welcomed(address: string, welcome: Welcome): void {
    this.#state = { connected: true, sinceMs: this.#parts.nowMs(), reason: '' };
    this.#parts.log.info({ address }, 'connected to the hub');
    this.#parts.onWelcome(welcome);
  }

  #lost(error: unknown): void {
    const known = error instanceof MooringError ? error : undefined;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#state.connected) this.#parts.log.warn({ reason }, 'the connection to the hub is lost');
    else this.#parts.log.debug({ reason }, 'the hub cannot be reached');
    const sinceMs = this.#state.connected ? this.#parts.nowMs() : this.#state.sinceMs;
    this.#failure = known;
    this.#state = { connected: false, sinceMs, reason };
  }
}
