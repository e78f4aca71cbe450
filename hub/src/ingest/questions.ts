import { randomUUID } from 'node:crypto';
import { type AnswerRequest, MooringError, type Request } from '@mooring/proto';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import { BoundedQueue } from './bounded-queue.ts';
import type { Presence } from './presence.ts';

/** Parts of an answer that may wait for whoever asked; a reader that does not keep up is told SLOW_CONSUMER. */
const MAX_WAITING_PARTS = 256;
/** Questions that may be open at once, over all hosts. */
const MAX_OPEN_QUESTIONS = 1000;

/** What can be asked. */
export type Question = NonNullable<Request['question']>;
/** One part of an answer. */
export type AnswerPart = NonNullable<AnswerRequest['part']>;

interface OpenQuestion {
  readonly host: string;
  readonly parts: BoundedQueue<AnswerPart>;
}

/** Questions to agents that wait for their answers. */
export class Questions {
  readonly #presence: Presence;
  readonly #timers: Timers;
  readonly #open = new Map<string, OpenQuestion>();

  constructor(presence: Presence, timers: Timers = MACHINE_TIMERS) {
    this.#presence = presence;
    this.#timers = timers;
  }

  /**
   * Asks the host and yields the parts of its answer until it is complete. Throws HOST_OFFLINE, REQUEST_UNSUPPORTED, RATE_LIMITED, or
   * TIMED_OUT when the answer is not whole within `deadlineMs`.
   */
  async *ask(host: string, question: Question, deadlineMs: number): AsyncGenerator<AnswerPart, void, undefined> {
    const { arrival } = this.#reachable(host, question);
    const id = randomUUID();
    const parts = new BoundedQueue<AnswerPart>(MAX_WAITING_PARTS);
    const cancel = this.#timers.after(deadlineMs, () => parts.end(timedOut(host, deadlineMs)));
    this.#open.set(id, { host, parts });
    try {
      arrival.send({ message: { $case: 'request', value: { id, deadlineMs, question } } });
      yield* parts;
    } finally {
      cancel();
      this.#open.delete(id);
    }
  }

  /** Takes a host's answer, part by part. Throws NOT_FOUND for a question that the host was not asked, or that waits no longer. */
  async answer(host: string, requests: AsyncIterable<AnswerRequest>): Promise<void> {
    let answered: OpenQuestion | undefined;
    try {
      for await (const { id, part } of requests) {
        answered = this.#open.get(id);
        if (answered?.host !== host) throw notAsked(host);
        if (part !== undefined) answered.parts.push(part);
      }
      answered?.parts.end();
    } catch (cause) {
      if (answered?.host === host) answered.parts.end(cause);
      throw cause;
    }
  }

  #reachable(host: string, question: Question) {
    const connection = this.#presence.connection(host);
    if (connection === undefined || !this.#presence.sighting(host).online) {
      const message = `Cannot ask host ${host}: it is offline; one that is connected is wanted`;
      throw new MooringError('HOST_OFFLINE', message, { hint: 'Look at `mooring hosts` for when it was last seen.' });
    }
    if (!connection.arrival.questions.includes(question.$case)) {
      const message = `Cannot ask host ${host}: its agent does not answer "${question.$case}"; a newer agent is wanted`;
      throw new MooringError('REQUEST_UNSUPPORTED', message, {
        hint: 'Install the agent of the same release as the hub.',
      });
    }
    if (this.#open.size >= MAX_OPEN_QUESTIONS) {
      throw new MooringError(
        'RATE_LIMITED',
        `Cannot ask host ${host}: ${MAX_OPEN_QUESTIONS} questions are open; fewer are wanted`,
      );
    }
    return connection;
  }
}

function timedOut(host: string, deadlineMs: number): MooringError {
  return new MooringError(
    'TIMED_OUT',
    `Cannot wait for host ${host}: ${deadlineMs} ms have passed; an answer by then is wanted`,
  );
}

function notAsked(host: string): MooringError {
  return new MooringError(
    'NOT_FOUND',
    `Cannot take an answer of host ${host}: the question is not open; one that is open is wanted`,
  );
}
