import { type AnswerRequest, MooringError, type Request } from '@mooring/proto';
import type { Log } from '../log.ts';
import type { AnswerPart, Question } from './answer-question.ts';
import type { HubLink } from './hub-grpc.ts';

/** Questions that are answered at the same time: each looks at the whole engine. */
const MAX_OPEN = 4;
/** Milliseconds that an answer may take, whatever the hub allows. */
const MAX_ANSWER_MS = 60_000;

/** What answering on one connection relies on. */
export interface AnsweringOptions {
  readonly link: Pick<HubLink, 'answer'>;
  readonly answer: (question: Question | undefined) => AsyncIterable<AnswerPart>;
  readonly log: Log;
  /** Aborted when the stream that asked has ended. */
  readonly signal: AbortSignal;
}

/** Answers the questions of one stream, each on a call of its own: few at a time, within their deadline, and no longer than the stream lasts. */
export class Answering {
  readonly #options: AnsweringOptions;
  #open = 0;

  constructor(options: AnsweringOptions) {
    this.#options = options;
  }

  /** Resolves when the answer is sent, or is wanted no longer; what went wrong with the question is the answer, and is never thrown. */
  async take({ id, deadlineMs, question }: Request): Promise<void> {
    const { link, log, signal } = this.#options;
    const isFull = this.#open >= MAX_OPEN;
    this.#open += 1;
    try {
      const parts = isFull ? refusal() : this.#parts(question);
      await link.answer(named(id, parts), { deadlineMs: Math.min(deadlineMs, MAX_ANSWER_MS), signal });
    } catch (error) {
      // The hub waits no longer, or cannot be reached: it hears of it by its own deadline.
      const reason = error instanceof Error ? error.message : String(error);
      log.debug({ question: question?.$case ?? 'unknown', reason }, 'an answer could not be sent');
    } finally {
      this.#open -= 1;
    }
  }

  async *#parts(question: Question | undefined): AsyncGenerator<AnswerPart> {
    try {
      yield* this.#options.answer(question);
    } catch (error) {
      if (!(error instanceof MooringError)) this.#options.log.error({ err: error }, 'a question could not be answered');
      yield problemPart(error);
    }
  }
}

async function* named(id: string, parts: AsyncIterable<AnswerPart>): AsyncGenerator<AnswerRequest> {
  for await (const part of parts) yield { id, part };
}

async function* refusal(): AsyncGenerator<AnswerPart> {
  const message = `Cannot answer now: ${MAX_OPEN} questions are being answered; fewer at a time are wanted`;
  yield problemPart(new MooringError('RATE_LIMITED', message, { hint: 'Ask again in a moment.' }));
}

function problemPart(error: unknown): AnswerPart {
  const known = error instanceof MooringError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const value = { code: known?.code ?? 'INTERNAL', message, hint: known?.hint ?? '', sinceMs: 0n };
  return { $case: 'problem', value };
}
