import { setTimeout as delay } from 'node:timers/promises';
import { assignmentSubject, directGetSubject, inboxPrefix, pushSubject, STREAMS } from '@mooring/proto';
import type { NatsConnection } from 'nats';
import { type BareTarget, bareConnection, REQUEST_MS } from './bare-connection.ts';
import type { Roster, RosterHost } from './roster.ts';

/** Milliseconds between two attempts at most: a thousand that lost their broker together must not come back in step. */
const RETRY_MS = 500;
const FIRST_ERROR = 400;

/** Receives what a host is sent and looks at none of it: what no agent can be faster than. */
export class BareSubscriber {
  readonly #host: string;
  readonly #target: BareTarget;
  #connection: NatsConnection;
  #closed = false;
  #onReceived: (() => void) | undefined;

  private constructor(host: string, target: BareTarget, connection: NatsConnection) {
    this.#host = host;
    this.#target = target;
    this.#connection = connection;
    void this.#keep();
  }

  static async connect(
    { name, nkeySeed }: RosterHost,
    url: string,
    { ca }: Pick<Roster, 'ca'>,
  ): Promise<BareSubscriber> {
    const target = { url, ca, nkeySeed, inboxPrefix: inboxPrefix(name) };
    return new BareSubscriber(name, target, await bareConnection(target));
  }

  /** Calls once, with what comes next. */
  watch(onReceived: () => void): void {
    this.#onReceived = onReceived;
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#connection.close();
  }

  #received(): void {
    const received = this.#onReceived;
    this.#onReceived = undefined;
    received?.();
  }

  async #keep(): Promise<void> {
    this.#subscribe();
    while (!this.#closed) {
      await this.#connection.closed();
      await this.#connectAgain();
      this.#subscribe();
      await this.#ask();
    }
  }

  async #connectAgain(): Promise<void> {
    while (!this.#closed) {
      await delay(Math.random() * RETRY_MS);
      try {
        this.#connection = await bareConnection(this.#target);
        return;
      } catch {
        // It is not there yet.
      }
    }
  }

  #subscribe(): void {
    this.#connection.subscribe(pushSubject(this.#host), { callback: () => this.#received() });
  }

  /** It may have missed the push. */
  async #ask(): Promise<void> {
    const subject = directGetSubject(STREAMS.assignments, assignmentSubject(this.#host));
    try {
      const answer = await this.#connection.request(subject, undefined, { timeout: REQUEST_MS });
      if ((answer.headers?.code ?? 0) < FIRST_ERROR) this.#received();
    } catch {
      // The stream is not there yet: what it will hold is pushed.
    }
  }
}
