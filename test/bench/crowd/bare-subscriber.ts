import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { assignmentSubject, directGetSubject, inboxPrefix, pushSubject, STREAMS } from '@mooring/proto';
import { connect, type NatsConnection, nkeyAuthenticator } from 'nats';
import type { Roster, RosterHost } from './roster.ts';

// A thousand that lost their broker together must not come back in step; otherwise as soon as it makes sense.
const RECONNECT_WAIT_MS = 100;
const RECONNECT_JITTER_MS = 900;
const REQUEST_MS = 5000;
const FIRST_ERROR = 400;

/** How anybody connects with the NATS client alone to a broker at 127.0.0.1: TLS, the user's nkey, and the library's own way back. */
export function bareConnection(target: {
  readonly url: string;
  readonly ca: string;
  readonly nkeySeed: string;
  readonly inboxPrefix: string;
  /** Milliseconds; 0 for one that comes back alone. */
  readonly jitterMs?: number;
}): Promise<NatsConnection> {
  return connect({
    servers: [target.url],
    authenticator: nkeyAuthenticator(new TextEncoder().encode(target.nkeySeed)),
    tls: tlsOf(target.ca),
    inboxPrefix: target.inboxPrefix,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitterTLS: target.jitterMs ?? RECONNECT_JITTER_MS,
    timeout: REQUEST_MS,
  });
}

// The library hands every option of TLS on; its types know only some.
function tlsOf(ca: string) {
  return {
    ca,
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity('127.0.0.1', certificate),
  };
}

/** Receives what a host is sent and looks at none of it: what no agent can be faster than. */
export class BareSubscriber {
  readonly #connection: NatsConnection;
  readonly #host: string;
  #onReceived: (() => void) | undefined;

  private constructor(connection: NatsConnection, host: string) {
    this.#connection = connection;
    this.#host = host;
    connection.subscribe(pushSubject(host), { callback: () => this.#received() });
    void this.#askAgain();
  }

  static async connect(
    { name, nkeySeed }: RosterHost,
    url: string,
    { ca }: Pick<Roster, 'ca'>,
  ): Promise<BareSubscriber> {
    return new BareSubscriber(await bareConnection({ url, ca, nkeySeed, inboxPrefix: inboxPrefix(name) }), name);
  }

  /** Calls once, with what comes next. */
  watch(onReceived: () => void): void {
    this.#onReceived = onReceived;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #received(): void {
    const received = this.#onReceived;
    this.#onReceived = undefined;
    received?.();
  }

  /** After each reconnection: it may have missed the push. */
  async #askAgain(): Promise<void> {
    const subject = directGetSubject(STREAMS.assignments, assignmentSubject(this.#host));
    for await (const status of this.#connection.status()) {
      if (status.type !== 'reconnect') continue;
      try {
        const answer = await this.#connection.request(subject, undefined, { timeout: REQUEST_MS });
        if ((answer.headers?.code ?? 0) < FIRST_ERROR) this.#received();
      } catch {
        // The stream is not there yet: what it will hold is pushed.
      }
    }
  }
}
