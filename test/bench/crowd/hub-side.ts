import { type Conversation, type HubLink, openHubLink } from '@mooring/agent';
import { Assignment, type ConnectResponse, decodeEnvelope } from '@mooring/proto';
import { type AssignedStack, helloOf, type ReportContent } from './report-content.ts';
import type { Roster, RosterHost } from './roster.ts';

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
      throw error;
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
