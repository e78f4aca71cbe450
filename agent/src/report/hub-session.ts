import {
  type ConnectResponse,
  DEFAULT_HEARTBEAT_MS,
  type Event,
  type Hello,
  MooringError,
  type Request,
  type Welcome,
} from '@mooring/proto';
import type { NewestAssignment } from '../receive/high-water.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { Conversation } from './hub-grpc.ts';
import { nextReport, type Snapshot, type Told } from './report-delta.ts';

/** Milliseconds within which a hub answers a hello. */
const WELCOME_MS = 15_000;
/** Heartbeats without an answer after which the hub counts as gone. */
const MAX_UNANSWERED = 3;
/** Bounds of the pace that a hub may set, in milliseconds: no storm, and no silence that nobody would notice. */
const MIN_HEARTBEAT_MS = 250;
const MAX_HEARTBEAT_MS = 300_000;
/** Events that are sent before the hub has stored the ones before: two batches. */
const MAX_EVENTS_IN_FLIGHT = 400;
/** What an apply tells comes in bursts: one message carries what came within this time. */
const COALESCE_MS = 50;

/** What one session relies on. */
export interface SessionParts {
  readonly conversation: Conversation;
  readonly hello: () => Hello;
  /** Undefined: nothing was observed yet. */
  readonly snapshot: () => Snapshot | undefined;
  readonly outbox: { after(sequence: bigint): Event[]; acknowledge(sequence: bigint): void };
  readonly onWelcome: (welcome: Welcome) => void;
  readonly onNewest: (newest: NewestAssignment) => void;
  /** Answers a question that is no resend, on a call of its own. */
  readonly onQuestion: (request: Request) => void;
  readonly nowMs: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/** One stream from hello to its end: heartbeats, reports and events up; paces, acknowledgements and questions down. */
export class HubSession {
  readonly #parts: SessionParts;
  readonly #timers: Timers;
  #cancelHeartbeat = () => {};
  #cancelSoon: (() => void) | undefined;
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  #heartbeats = 0n;
  #answered = 0n;
  #reports = 0n;
  /** What the hub knows once the report in flight is stored. */
  #told: Told | undefined;
  /** Sequence of the report that is not acknowledged yet; the next one waits for it. */
  #inFlight: bigint | undefined;
  #sentEvents = 0n;
  #storedEvents = 0n;
  #inFlightEvents = 0;
  #welcomed = false;
  #draining = false;
  #failure: MooringError | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? MACHINE_TIMERS;
  }

  /** Milliseconds between heartbeats, as the hub has set them. */
  get heartbeatMs(): number {
    return this.#heartbeatMs;
  }

  /** Runs until the stream ends. Throws why it broke. */
  async run(): Promise<void> {
    const { conversation } = this.#parts;
    conversation.send({ message: { $case: 'hello', value: this.#parts.hello() } });
    const stopWaiting = this.#timers.after(WELCOME_MS, () => this.#fail('it does not answer the hello'));
    try {
      for await (const response of conversation.messages) {
        stopWaiting();
        this.#receive(response);
      }
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      stopWaiting();
      this.#cancelHeartbeat();
      this.#cancelSoon?.();
      // Whoever still says that something changed is heard by the next session.
      this.#welcomed = false;
      conversation.end();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Something new was observed, or a new event waits. */
  changed(): void {
    this.#cancelSoon ??= this.#timers.after(COALESCE_MS, () => {
      this.#cancelSoon = undefined;
      this.#pump();
    });
  }

  #receive({ message }: ConnectResponse): void {
    switch (message?.$case) {
      case 'welcome':
        this.#welcome(message.value);
        return;
      case 'pace':
        this.#answered = message.value.sequence;
        this.#setPace(message.value.heartbeatIntervalMs);
        this.#newest(message.value);
        return;
      case 'report':
        if (message.value.sequence === this.#inFlight) this.#inFlight = undefined;
        this.#pump();
        return;
      case 'events':
        this.#stored(message.value.sequence);
        return;
      case 'request':
        this.#question(message.value);
        return;
      case undefined:
        // A newer hub says something that this agent does not know; nothing depends on it.
        return;
    }
  }

  #welcome(welcome: Welcome): void {
    this.#welcomed = true;
    this.#setPace(welcome.heartbeatIntervalMs);
    this.#parts.onWelcome(welcome);
    this.#newest(welcome);
    this.#sentEvents = welcome.storedEventSequence;
    this.#stored(welcome.storedEventSequence);
    // One rhythm, however often the hub welcomes.
    this.#cancelHeartbeat();
    this.#beat();
  }

  #newest({ newestGeneration, newestDigest }: { newestGeneration: bigint; newestDigest: string }): void {
    this.#parts.onNewest({ generation: newestGeneration, digest: newestDigest });
  }

  #setPace(intervalMs: number): void {
    if (intervalMs === 0) return;
    this.#heartbeatMs = Math.min(Math.max(intervalMs, MIN_HEARTBEAT_MS), MAX_HEARTBEAT_MS);
  }

  #beat(): void {
    if (this.#heartbeats - this.#answered >= BigInt(MAX_UNANSWERED)) {
      this.#fail(`it answered none of ${MAX_UNANSWERED} heartbeats`);
      return;
    }
    this.#heartbeats += 1n;
    const value = { sequence: this.#heartbeats, sentAtMs: BigInt(this.#parts.nowMs()) };
    this.#parts.conversation.send({ message: { $case: 'heartbeat', value } });
    this.#cancelHeartbeat = this.#timers.after(this.#heartbeatMs, () => this.#beat());
  }

  #stored(sequence: bigint): void {
    this.#storedEvents = sequence > this.#storedEvents ? sequence : this.#storedEvents;
    if (this.#sentEvents <= this.#storedEvents) this.#inFlightEvents = 0;
    if (sequence > 0n) this.#parts.outbox.acknowledge(sequence);
    this.#pump();
  }

  #question(request: Request): void {
    if (request.question?.$case !== 'resend') {
      this.#parts.onQuestion(request);
      return;
    }
    this.#told = undefined;
    this.#inFlight = undefined;
    this.#pump();
  }

  /** Sends what is due, as far as the hub takes it. */
  #pump(): void {
    if (!this.#welcomed || this.#draining) return;
    while (this.#sendReport() || this.#sendEvents()) {
      if (this.#draining) return;
    }
  }

  #sendReport(): boolean {
    const snapshot = this.#inFlight === undefined ? this.#parts.snapshot() : undefined;
    const part = snapshot === undefined ? undefined : nextReport(snapshot, this.#told);
    if (part === undefined) return false;
    this.#reports += 1n;
    this.#inFlight = this.#reports;
    this.#told = part.told;
    this.#send({ $case: 'report', value: { sequence: this.#reports, ...part.content } });
    return true;
  }

  #sendEvents(): boolean {
    if (this.#inFlightEvents >= MAX_EVENTS_IN_FLIGHT) return false;
    const events = this.#parts.outbox.after(this.#sentEvents);
    const last = events.at(-1);
    if (last === undefined) return false;
    this.#sentEvents = last.sequence;
    this.#inFlightEvents += events.length;
    this.#send({ $case: 'events', value: { events } });
    return true;
  }

  #send(message: NonNullable<Parameters<Conversation['send']>[0]['message']>): void {
    if (this.#parts.conversation.send({ message })) return;
    // The hub is slow: what waits is state and the outbox, which wait where they are.
    this.#draining = true;
    void this.#parts.conversation.drained().then(() => {
      this.#draining = false;
      this.#pump();
    });
  }

  #fail(why: string): void {
    this.#failure = new MooringError('HUB_UNREACHABLE', `Cannot talk to the hub: ${why}; a hub that answers is wanted`);
    this.#parts.conversation.end();
  }
}
