import {
  type AgentServiceService,
  type ConnectRequest,
  type ConnectResponse,
  Hello,
  type Report,
} from '@mooring/proto';
import type { CallContext, Handlers } from '../grpc/handlers.ts';
import { BoundedQueue } from './bounded-queue.ts';

/** The context of a call of an agent. */
export function agentContext(host: string): CallContext & { readonly end: () => void } {
  const controller = new AbortController();
  const caller = { kind: 'agent', name: host, role: 'agent', identityId: `identity-of-${host}` } as const;
  return { caller, signal: controller.signal, end: () => controller.abort() };
}

export function hello(host: string, change: Partial<Hello> = {}): ConnectRequest {
  const ids = { outboxId: 'outbox-1', bootId: 'boot-1', machineId: 'machine-1' };
  const value = {
    ...Hello.create({ host, protocol: 1, agentVersion: '0.1.0', questions: ['resend'], ...ids }),
    ...change,
  };
  return { message: { $case: 'hello', value } };
}

type Answer<Kind> = Extract<NonNullable<ConnectResponse['message']>, { $case: Kind }>['value'];

/** An agent's end of a stream, without a network. */
export class AgentStream {
  readonly #requests = new BoundedQueue<ConnectRequest>(1000);
  readonly #responses: AsyncIterator<ConnectResponse>;
  readonly #end: () => void;

  constructor(handlers: Handlers<typeof AgentServiceService>, host: string) {
    const { end, ...context } = agentContext(host);
    this.#end = end;
    this.#responses = handlers.connect(this.#requests, context)[Symbol.asyncIterator]();
  }

  send(...requests: ConnectRequest[]): this {
    for (const request of requests) this.#requests.push(request);
    return this;
  }

  report(value: Report): this {
    return this.send({ message: { $case: 'report', value } });
  }

  /** The next message; undefined: the stream has ended. */
  async next(): Promise<ConnectResponse['message']> {
    const { done, value } = await this.#responses.next();
    return done === true ? undefined : value.message;
  }

  /** The next message, which must be of the kind. */
  async expect<Kind extends NonNullable<ConnectResponse['message']>['$case']>(kind: Kind): Promise<Answer<Kind>> {
    const message = await this.next();
    if (message?.$case !== kind) throw new Error(`${message?.$case ?? 'the end'} came; ${kind} is wanted`);
    return message.value as Answer<Kind>;
  }

  /** The agent finishes; what waits is read to the end. */
  async finish(): Promise<void> {
    this.#requests.end();
    while ((await this.next()) !== undefined);
  }

  /** The connection breaks. */
  break(): void {
    this.#end();
  }
}
