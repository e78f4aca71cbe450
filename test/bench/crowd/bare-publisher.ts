import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ASSIGNMENT_SUBJECTS, assignmentSubject, PUSH_SUBJECTS, STREAMS } from '@mooring/proto';
import { DiscardPolicy, type JetStreamClient, type NatsConnection, RetentionPolicy, StorageType } from 'nats';
import { bareConnection } from './bare-subscriber.ts';
import type { Crowd } from './crowd.ts';

const REQUEST_MS = 30_000;

/** The NATS client alone in the hub's place: a stream that republishes, and nothing else. */
export class BarePublisher {
  readonly connection: NatsConnection;
  readonly #stream: JetStreamClient;

  private constructor(connection: NatsConnection) {
    this.connection = connection;
    this.#stream = connection.jetstream({ timeout: REQUEST_MS });
  }

  /** Connects to a broker with the right of the crowd's hub. */
  static async connect({ data, roster }: Crowd, url: string): Promise<BarePublisher> {
    const nkeySeed = readFileSync(join(data, 'keys', 'hub.nk'), 'utf8').trim();
    return new BarePublisher(
      await bareConnection({ url, ca: roster.ca, nkeySeed, inboxPrefix: '_INBOX_hub', jitterMs: 0 }),
    );
  }

  /** Makes the stream where it is missing. */
  async makeStream(): Promise<void> {
    const manager = await this.connection.jetstreamManager({ timeout: REQUEST_MS });
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

  /** Publishes everything at once, and waits until all of it is stored. */
  async publish(envelopes: ReadonlyMap<string, Uint8Array>): Promise<void> {
    await Promise.all(
      [...envelopes].map(([host, envelope]) => this.#stream.publish(assignmentSubject(host), envelope)),
    );
  }

  /** Publishes it now, and again whenever the broker was away. What fails fails the bench: nobody would hold anything. */
  async keepPublished(envelopes: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const fill = async () => {
      await this.makeStream();
      await this.publish(envelopes);
    };
    await fill();
    const keep = async () => {
      for await (const { type } of this.connection.status()) if (type === 'reconnect') await fill();
    };
    void keep();
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
