import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, NatsError, headers as newHeaders, nkeyAuthenticator } from 'nats';
import type { Place } from './place.ts';

/** Milliseconds for one answer. */
const DEADLINE_MS = 10_000;

/** A connection with the hub's own key: what whoever owns the broker can say. */
export interface Broker {
  /** Stores a message and pushes it to whom it concerns. Rejects with what the broker says. */
  publish(subject: string, bytes: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<void>;
  /** The newest message of a subject. */
  newest(subject: string): Promise<Uint8Array | undefined>;
  /** Takes everything out of a stream. */
  purge(stream: string): Promise<void>;
  close(): Promise<void>;
}

/** Connects to the broker that the hub of a place runs. */
export async function connectAsHub({ data, ports }: Place): Promise<Broker> {
  const read = (name: string) => readFileSync(join(data, 'keys', name), 'utf8').trim();
  const tls = { ca: read('ca.crt'), checkServerIdentity: () => undefined };
  const connection = await connect({
    servers: [`tls://127.0.0.1:${ports.nats}`],
    authenticator: nkeyAuthenticator(new TextEncoder().encode(read('hub.nk'))),
    tls,
    inboxPrefix: '_INBOX_hub',
  });
  const stream = connection.jetstream({ timeout: DEADLINE_MS });
  const manager = await connection.jetstreamManager({ timeout: DEADLINE_MS });
  return {
    publish: async (subject, bytes, extra = {}) => {
      const headers = newHeaders();
      for (const [name, value] of Object.entries(extra)) headers.set(name, value);
      await stream.publish(subject, bytes, { headers });
    },
    newest: async (subject) => {
      try {
        const name = await manager.streams.find(subject);
        return (await manager.streams.getMessage(name, { last_by_subj: subject })).data;
      } catch (error) {
        if (error instanceof NatsError && error.api_error?.code === 404) return undefined;
        throw error;
      }
    },
    purge: async (name) => {
      await manager.streams.purge(name);
    },
    close: () => connection.close(),
  };
}
