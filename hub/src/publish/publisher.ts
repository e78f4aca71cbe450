import {
  ASSIGNMENT_SUBJECTS,
  assignmentSubject,
  type Digest,
  digestOf,
  MAX_BROKER_OBJECT_BYTES,
  MAX_PUSHED_ENVELOPE_BYTES,
  OBJECT_SUBJECTS,
  objectSubject,
  STREAMS,
} from '@mooring/proto';
import type { Logger } from 'pino';
import { isHeldBack } from '../sign/held.ts';
import type { AssignmentRecord, AssignmentStore, IdentityStore } from '../store/store.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { Turnstile } from './turnstile.ts';

// Publishes and reads in flight over the hub's one connection: enough to fill a local link, small beside the broker's own buffers.
const CONCURRENCY = 256;
// A broker that lost its store without a disconnect is noticed within this.
const AUDIT_INTERVAL_MS = 60_000;
// After a failure; doubled each time up to the maximum.
const RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

/** What the publisher relies on. */
export interface PublisherParts {
  readonly store: AssignmentStore & Pick<IdentityStore, 'highWaters'>;
  /** Opens a connection; `onReady` after reconnections, `onLost` when it is gone. */
  readonly connect: (events: { onReady: () => void; onLost: () => void }) => Promise<BrokerConnection>;
  readonly log: Pick<Logger, 'warn'>;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/**
 * Keeps the broker holding what the store says: level-based, so that a broker that was away, restarted or lost its store holds the same again
 * after the next pass.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  #connection: BrokerConnection | undefined;
  #pass: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #problem: string | undefined = 'not connected yet';
  #lastSuccessMs = 0;
  #objectsPublished = 0;
  #retryMs = RETRY_MS;
  readonly #timers: Timers;
  readonly #turnstile = new Turnstile(CONCURRENCY);
  #cancelNext = () => {};

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? MACHINE_TIMERS;
  }

  /** How the broker was found last: undefined where all is well. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Objects that were published since the start. */
  get objectsPublished(): number {
    return this.#objectsPublished;
  }

  /** Unix milliseconds of the last complete pass; 0: none. */
  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  /** Publishes these at once; what fails is done by the next pass. Objects come first, so that no host reads a name before its content. */
  async publish(objects: readonly string[], assignments: readonly AssignmentRecord[]): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return this.wake();
    try {
      await this.#turnstile.each(objects, (object) => this.#publishObject(connection, object));
      await this.#turnstile.each(assignments, (record) => publishAssignment(connection, record));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Compares and mends everything soon; passes never overlap. */
  wake(): void {
    if (this.#closed) return;
    if (this.#pass !== undefined) {
      this.#again = true;
      return;
    }
    this.#cancelNext();
    this.#pass = this.#run().finally(() => {
      this.#pass = undefined;
      if (this.#again) {
        this.#again = false;
        this.wake();
      }
    });
  }

  /** Drops what the broker keeps for a host that is gone. */
  async forgetHost(host: string): Promise<void> {
    try {
      await this.#connection?.remove(STREAMS.assignments, assignmentSubject(host));
    } catch (error) {
      this.#failed(error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelNext();
    await this.#pass;
    await this.#connection?.close();
  }

  async #run(): Promise<void> {
    try {
      const connection = await this.#connected();
      await connection.ensureStreams();
      await this.#mendObjects(connection);
      await this.#mendAssignments(connection);
      this.#problem = undefined;
      this.#lastSuccessMs = this.#parts.clock();
      this.#retryMs = RETRY_MS;
      this.#schedule(AUDIT_INTERVAL_MS);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #connected(): Promise<BrokerConnection> {
    this.#connection ??= await this.#parts.connect({
      onReady: () => this.wake(),
      onLost: () => {
        this.#problem = 'the connection to the broker is lost';
      },
    });
    return this.#connection;
  }

  async #mendObjects(connection: BrokerConnection): Promise<void> {
    const there = await connection.subjects(STREAMS.objects, OBJECT_SUBJECTS);
    const names = this.#parts.store.objectNames();
    const wanted = new Set(names.map((object) => objectSubject(object as Digest)));
    const missing = names.filter((object) => !there.has(objectSubject(object as Digest)));
    await this.#turnstile.each(missing, (object) => this.#publishObject(connection, object));
    const stale = [...there].filter((subject) => !wanted.has(subject));
    await this.#turnstile.each(stale, (subject) => connection.remove(STREAMS.objects, subject));
  }

  async #mendAssignments(connection: BrokerConnection): Promise<void> {
    const there = await connection.subjects(STREAMS.assignments, ASSIGNMENT_SUBJECTS);
    const records = this.#parts.store.assignments();
    const marks = this.#parts.store.highWaters();
    await this.#turnstile.each(records, async (record) => {
      // What the broker has is newer, or nobody knows yet: the host says.
      if (isHeldBack(record.generation, marks.get(record.host) ?? 0n)) return;
      if (record.envelope.byteLength > MAX_PUSHED_ENVELOPE_BYTES) return;
      const subject = assignmentSubject(record.host);
      // A broker that lost everything is asked for nothing: every host waits.
      const last = there.has(subject) ? await connection.last(STREAMS.assignments, subject) : undefined;
      if (last === undefined || digestOf(last) !== record.digest) await publishAssignment(connection, record);
    });
    const hosts = new Set(records.map(({ host }) => assignmentSubject(host)));
    const stale = [...there].filter((subject) => !hosts.has(subject));
    await this.#turnstile.each(stale, (subject) => connection.remove(STREAMS.assignments, subject));
  }

  async #publishObject(connection: BrokerConnection, object: string): Promise<void> {
    const record = this.#parts.store.object(object);
    if (record === undefined || record.ciphertext.byteLength > MAX_BROKER_OBJECT_BYTES) return;
    await connection.publish(objectSubject(object as Digest), record.ciphertext);
    this.#objectsPublished += 1;
  }

  #failed(error: unknown): void {
    this.#problem = error instanceof Error ? error.message : String(error);
    this.#parts.log.warn({ err: error }, 'publishing is incomplete; trying again');
    this.#schedule(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  #schedule(delayMs: number): void {
    this.#cancelNext();
    if (!this.#closed) this.#cancelNext = this.#timers.after(delayMs, () => this.wake());
  }
}

// Larger ones are fetched over gRPC; the heartbeat tells the host that there is a newer one.
async function publishAssignment(connection: BrokerConnection, record: AssignmentRecord): Promise<void> {
  if (record.envelope.byteLength > MAX_PUSHED_ENVELOPE_BYTES) return;
  await connection.publish(assignmentSubject(record.host), record.envelope);
}
