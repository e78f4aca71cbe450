import type { ConnectRequest, ConnectResponse } from '@mooring/proto';
import type { Conversation } from './hub-grpc.ts';

type Said<Kind> = Extract<NonNullable<ConnectRequest['message']>, { $case: Kind }>['value'];

/** The hub's end of a stream, without a network. */
export class FakeConversation implements Conversation {
  readonly #sent: NonNullable<ConnectRequest['message']>[] = [];
  readonly #answers: ConnectResponse[] = [];
  #wake = Promise.withResolvers<void>();
  #drained = Promise.withResolvers<void>();
  #slow = false;
  #broken: Error | undefined;
  ended = false;

  /** Everything of one kind that the agent has said. */
  said<Kind extends NonNullable<ConnectRequest['message']>['$case']>(kind: Kind): Said<Kind>[] {
    return this.#sent.filter(({ $case }) => $case === kind).map(({ value }) => value as Said<Kind>);
  }

  /** The hub says something, and the agent has heard it. */
  async say(message: NonNullable<ConnectResponse['message']> | undefined): Promise<void> {
    this.#answers.push({ message });
    this.#wake.resolve();
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }

  /** The hub takes no more for now, or takes it again. */
  set slow(slow: boolean) {
    this.#slow = slow;
    if (slow) this.#drained = Promise.withResolvers<void>();
    else this.#drained.resolve();
  }

  /** The stream breaks. */
  break(error: Error): void {
    this.#broken = error;
    this.#wake.resolve();
  }

  send({ message }: ConnectRequest): boolean {
    if (message !== undefined) this.#sent.push(message);
    return !this.#slow;
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  end(): void {
    this.ended = true;
    this.#wake.resolve();
  }

  readonly messages: AsyncIterable<ConnectResponse> = {
    [Symbol.asyncIterator]: () => ({ next: () => this.#next() }),
  };

  async #next(): Promise<IteratorResult<ConnectResponse>> {
    for (;;) {
      const value = this.#answers.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#broken !== undefined) throw this.#broken;
      if (this.ended) return { done: true, value: undefined };
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}
