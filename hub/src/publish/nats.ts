import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { ASSIGNMENT_SUBJECTS, MooringError, OBJECT_SUBJECTS, PUSH_SUBJECTS, STREAMS } from '@mooring/proto';
import {
  connect,
  DiscardPolicy,
  type JetStreamManager,
  type NatsConnection,
  nanos,
  nkeyAuthenticator,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from 'nats';
import type { BrokerConnection, BrokerTarget } from './broker-connection.ts';

// One request to the broker; it answers in milliseconds or is not well.
const REQUEST_DEADLINE_MS = 5_000;
// Between tries to reach it, with jitter on top: the hub is one, and a broker that came back empty has nothing for anybody until the hub is there.
const RECONNECT_WAIT_MS = 100;
const RECONNECT_JITTER_MS = 100;
// A broker that does not answer pings for this long, twice, is gone.
const PING_INTERVAL_MS = 10_000;
// A publish repeated within it is stored once.
const DUPLICATE_WINDOW_MS = 120_000;

/** Streams as Mooring wants them. JetStream is a cache that the hub can rebuild. */
const STREAM_CONFIGS: readonly (Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>)[] = [
  {
    ...common(STREAMS.assignments, ASSIGNMENT_SUBJECTS),
    republish: { src: ASSIGNMENT_SUBJECTS, dest: PUSH_SUBJECTS.replace('*', '{{wildcard(1)}}') },
  },
  common(STREAMS.objects, OBJECT_SUBJECTS),
];

function common(name: string, subject: string) {
  return {
    name,
    subjects: [subject],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    allow_direct: true,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  };
}

/** Connects and makes the streams. Never gives up reconnecting; `onReady` is called after each (re)connection. */
export async function connectBroker(target: BrokerTarget): Promise<BrokerConnection> {
  const connection = await openConnection(target);
  const client = new NatsBrokerConnection(connection, await jetStreamManager(connection));
  await client.ensureStreams();
  void client.watch(target.onReady, target.onLost);
  return client;
}

async function openConnection(target: BrokerTarget): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...target.urls],
      name: 'mooring-hub',
      authenticator: nkeyAuthenticator(new TextEncoder().encode(target.nkeySeed)),
      tls: serverTls(target.urls, target.caPem),
      inboxPrefix: '_INBOX_hub',
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitterTLS: RECONNECT_JITTER_MS,
      pingInterval: PING_INTERVAL_MS,
      timeout: REQUEST_DEADLINE_MS,
      // Where each request came from takes longer to write down than the request itself; what is asked for stands in every error here.
      noAsyncTraces: true,
    });
  } catch (cause) {
    throw unreachable('connect to the broker', cause);
  }
}

/**
 * The client library names no server to TLS where its address is an IP, and Node then checks the certificate for "localhost". Here it is checked for
 * the addresses that were named. (The library hands every option of TLS on; its types know only some.)
 */
function serverTls(urls: readonly string[], ca: string) {
  const addresses = urls.map((url) => URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '');
  const check = (name: string, certificate: PeerCertificate): Error | undefined => {
    if (addresses.includes(name)) return checkServerIdentity(name, certificate);
    const errors = addresses.map((address) => checkServerIdentity(address, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
  return { ca, checkServerIdentity: check };
}

async function jetStreamManager(connection: NatsConnection): Promise<JetStreamManager> {
  try {
    return await connection.jetstreamManager({ timeout: REQUEST_DEADLINE_MS });
  } catch (cause) {
    await connection.close();
    throw unreachable('use JetStream', cause);
  }
}

class NatsBrokerConnection implements BrokerConnection {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;

  constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#manager = manager;
  }

  async ensureStreams(): Promise<void> {
    for (const config of STREAM_CONFIGS) {
      try {
        await this.#manager.streams.add(config);
      } catch (error) {
        if (!(error instanceof Error && /already in use/.test(error.message)))
          throw unreachable(`make stream ${config.name}`, error);
        await this.#manager.streams.update(config.name, config);
      }
    }
  }

  async publish(subject: string, payload: Uint8Array): Promise<void> {
    try {
      // The library's own publish sends empty headers along and takes twice as long.
      const answer = await this.#connection.request(subject, payload, { timeout: REQUEST_DEADLINE_MS });
      checkStored(answer.json());
    } catch (cause) {
      throw unreachable(`publish ${subject}`, cause);
    }
  }

  async last(stream: string, subject: string): Promise<Uint8Array | undefined> {
    try {
      const message = await this.#manager.streams.getMessage(stream, { last_by_subj: subject });
      return message.data;
    } catch (error) {
      if (error instanceof Error && /message not found|no message found|404/i.test(error.message)) return undefined;
      throw unreachable(`read ${subject}`, error);
    }
  }

  async subjects(stream: string, filter: string): Promise<ReadonlySet<string>> {
    try {
      const info = await this.#manager.streams.info(stream, { subjects_filter: filter });
      return new Set(Object.keys(info.state.subjects ?? {}));
    } catch (cause) {
      throw unreachable(`list ${stream}`, cause);
    }
  }

  async remove(stream: string, subject: string): Promise<void> {
    try {
      await this.#manager.streams.purge(stream, { filter: subject });
    } catch (cause) {
      throw unreachable(`remove ${subject}`, cause);
    }
  }

  async watch(onReady: () => void, onLost: () => void): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'reconnect') onReady();
      if (status.type === 'disconnect') onLost();
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** Refuses an answer of JetStream that does not say which stream stored the message (NATS ADR-22). */
function checkStored(answer: unknown): void {
  if (typeof answer === 'object' && answer !== null && 'stream' in answer && !('error' in answer)) return;
  throw new Error(`it was not stored: ${JSON.stringify(answer)}`);
}

function unreachable(what: string, cause: unknown): MooringError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MooringError(
    'BROKER_UNREACHABLE',
    `Cannot ${what}: ${why}; a running nats-server that knows the hub's nkey is wanted`,
    { cause },
  );
}
