import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ASSIGNMENT_SUBJECTS, assignmentSubject, PUSH_SUBJECTS, STREAMS } from '@mooring/proto';
import { DiscardPolicy, type NatsConnection, RetentionPolicy, StorageType } from 'nats';
import { type BareTarget, bareConnection, REQUEST_MS } from './bare-connection.ts';
import type { Crowd } from './crowd.ts';

/** Milliseconds between attempts: it is one, and comes back alone. */
const RETRY_MS = 50;

/** The NATS client alone in the hub's place: a stream that republishes, and nothing else. */
export class BarePublisher {
  readonly #target: BareTarget;
  #connection: NatsConnection;
  #closed = false;

  private constructor(target: BareTarget, connection: NatsConnection) {
    this.#target = target;
    this.#connection = connection;
  }

  /** Connects to a broker with the right of the crowd's hub. */
  static async connect({ data, roster }: Crowd, url: string): Promise<BarePublisher> {
    const nkeySeed = readFileSync(join(data, 'keys', 'hub.nk'), 'utf8').trim();
    const target = { url, ca: roster.ca, nkeySeed, inboxPrefix: '_INBOX_hub' };
    return new BarePublisher(target, await bareConnection(target));
  }

  /** Publishes everything at once, and waits until all of it is stored. */
  async publish(envelopes: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const stream = this.#connection.jetstream({ timeout: REQUEST_MS });
    await Promise.all([...envelopes].map(([host, envelope]) => stream.publish(assignmentSubject(host), envelope)));
  }

  /** Publishes it now, and again whenever the broker was away. What fails fails the bench: nobody would hold anything. */
  async keepPublished(envelopes: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const fill = async () => {
      await this.#makeStream();
      await this.publish(envelopes);
    };
    await fill();
    const keep = async () => {
      while (!this.#closed) {
        await this.#connection.closed();
        if (await this.#connectAgain()) await fill();
      }
    };
    void keep();
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#connection.close();
  }

  /** False: it was closed meanwhile. */
  async #connectAgain(): Promise<boolean> {
    while (!this.#closed) {
      await delay(RETRY_MS);
      try {
        this.#connection = await bareConnection(this.#target);
        return true;
      } catch {
        // It is not there yet.
      }
    }
    return false;
  }

  async #makeStream(): Promise<void> {
    const manager = await this.#connection.jetstreamManager({ timeout: REQUEST_MS });
    await manager.streams.add({
      name: STREAMS.assignments,
      subjects: [ASSIGNMENT_SUBJECTS],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_msgs_per_subject: 1,
      allow_direct: true,
      republish: { src: ASSIGNMENT_SUBJECTS, dest: PUSH_SUBJECTS.replace('*', '{{wildcard(1)}}') },
    });
  }
}
