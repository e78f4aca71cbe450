import { setTimeout as delay } from 'node:timers/promises';
import { Backoff, type Conversation, type HubLink, openHubLink, RECONNECT } from '@mooring/agent';
import { Assignment, type ConnectResponse, decodeEnvelope, MooringError } from '@mooring/proto';
import { type AssignedStack, helloOf, type ReportContent } from './report-content.ts';
import type { Roster, RosterHost } from './roster.ts';

/** What it took to come back. */
export interface Comeback {
  /** Times that the hub said when to come back. */
  readonly turnedAway: number;
  /** Times that there was no connection, or no word. */
  readonly failed: number;
}

/** A simulated agent's stream to a hub: the agent's own channel with the host's own certificate, its heartbeats, and reports of which one is under way. */
export class HubSide {
  readonly #host: RosterHost;
  readonly #ca: string;
  #link: HubLink | undefined;
  #conversation: Conversation | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #heartbeats = 0n;
  #reports = 0n;
  #newestGeneration = 0n;
  #welcomed = Promise.withResolvers<void>();
  #onStored: () => void = () => undefined;
  /** Takes what ends a stream; undefined: it ends the bench. */
  #onLost: ((error: unknown) => void) | undefined;

  constructor(host: RosterHost, { ca }: Pick<Roster, 'ca'>) {
    this.#host = host;
    this.#ca = ca;
  }

  /** Connects and waits for the welcome. */
  async connect(address: string): Promise<void> {
    const { name, cert, key } = this.#host;
    const link = await openHubLink(address, { ca: this.#ca, cert, key });
    const conversation = link.converse();
    [this.#link, this.#conversation, this.#reports, this.#heartbeats] = [link, conversation, 0n, 0n];
    this.#welcomed = Promise.withResolvers();
    void this.#listen(conversation);
    conversation.send(helloOf(name));
    await this.#welcomed.promise;
  }

  /** Connects as an agent does: after each failure at the agent's own pace, never sooner than the hub asks for, until its first report is stored. */
  async comeBack(address: string, content: ReportContent): Promise<Comeback> {
    const backoff = new Backoff(RECONNECT);
    for (let turnedAway = 0, failed = 0; ; ) {
      let lose: (error: unknown) => void = () => undefined;
      this.#onLost = (error) => lose(error);
      try {
        await this.connect(address);
        await new Promise<void>((resolve, reject) => {
          lose = reject;
          this.report(content, resolve);
        });
        return { turnedAway, failed };
      } catch (error) {
        this.cut();
        const asked = error instanceof MooringError ? error.retryAfterMs : undefined;
        if (asked === undefined) failed += 1;
        else turnedAway += 1;
        await delay(backoff.next(asked));
      }
    }
  }

  /** Sends the next report; `onStored` is called with its acknowledgement. */
  report(content: ReportContent, onStored: () => void): void {
    this.#onStored = onStored;
    this.#reports += 1n;
    this.#conversation?.send({ message: { $case: 'report', value: { sequence: this.#reports, ...content } } });
  }

  /** True until a report was sent over the connection of now. */
  get isNew(): boolean {
    return this.#reports === 0n;
  }

  /** What the hub named as the host's newest when it welcomed it. */
  get newestGeneration(): bigint {
    return this.#newestGeneration;
  }

  /** The stacks of the host's newest assignment, asked from the hub. */
  async assigned(): Promise<readonly AssignedStack[]> {
    if (this.#link === undefined) throw new Error(`${this.#host.name} is not connected`);
    const { envelope } = await this.#link.fetchAssignment();
    const { stacks, generation } = Assignment.decode(decodeEnvelope(envelope).payload);
    return stacks.map(({ stack, commit, release }) => ({ stack, commit, bundle: release?.bundle ?? '', generation }));
  }

  /** Ends the connection without a word. */
  cut(): void {
    clearTimeout(this.#heartbeat);
    this.#conversation = undefined;
    this.#link?.close();
    this.#link = undefined;
  }

  async #listen(conversation: Conversation): Promise<void> {
    try {
      for await (const response of conversation.messages) this.#heard(response);
      if (this.#conversation === conversation) throw new Error(`the hub ended the stream of ${this.#host.name}`);
    } catch (error) {
      // After a cut the stream breaks, as it should.
      if (this.#conversation !== conversation) return;
      this.#welcomed.reject(error);
      if (this.#onLost === undefined) throw error;
      this.#onLost(error);
    }
  }

  #heard({ message }: ConnectResponse): void {
    if (message?.$case === 'report') this.#onStored();
    if (message?.$case === 'pace') this.#beatIn(message.value.heartbeatIntervalMs);
    if (message?.$case === 'welcome') {
      this.#newestGeneration = message.value.newestGeneration;
      this.#beatIn(message.value.heartbeatIntervalMs);
      this.#welcomed.resolve();
    }
  }

  #beatIn(ms: number): void {
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => {
      this.#heartbeats += 1n;
      const value = { sequence: this.#heartbeats, sentAtMs: BigInt(Date.now()) };
      this.#conversation?.send({ message: { $case: 'heartbeat', value } });
    }, ms);
  }
}
