import { MooringError } from '@mooring/proto';
import { Backoff } from '../backoff.ts';
import { isUnreachable } from './engine-error.ts';
import type { Question } from './plain-get.ts';
import { Slots } from './slots.ts';

/** Milliseconds that an answer may take. It comes in milliseconds, of a busy engine in seconds; later than that, this one container is the cause. */
const PATIENCE_MS = 5_000;
/** The same while other containers owe an answer: many of them together must not hold up a look. */
const PATIENCE_BESIDE_OTHERS_MS = 2_000;
/** Milliseconds that a question nobody waits for is left open: the engine answers it as soon as it can. */
const LEFT_OPEN_MS = 60_000;
/** Questions that are left open: each may cost a hung engine a thread. */
const MAX_LEFT_OPEN = 8;
// More at a time makes the engine slower, not faster.
const ASKED_AT_A_TIME = 8;
/** Between questions about a container that owes an answer. */
const ASK_AGAIN = { firstMs: 2_000, maxMs: 30_000 };

/** What asking about containers relies on. */
export interface InspectionParts<T> {
  /** Puts the question; undefined: there is no such container. */
  readonly ask: (id: string) => Question<T | undefined>;
  /** What people call it. */
  readonly named: (id: string) => string;
  /** The engine answers about a container again that owed an answer. */
  readonly onAnswer: (id: string) => void;
}

/** An answer that did not come. */
interface Owed {
  error: MooringError;
  readonly backoff: Backoff;
  isAsked: boolean;
  /** By a clock that nobody sets back. */
  notBeforeMs: number;
}

/**
 * Asks about one container at a time, so that one about which the engine cannot answer holds up no other: it is waited for once, and then asked
 * again beside everything else until an answer comes. Until then whoever asks is told at once that nobody knows.
 */
export class Inspections<T> {
  readonly #parts: InspectionParts<T>;
  readonly #slots = new Slots(ASKED_AT_A_TIME);
  readonly #owed = new Map<string, Owed>();
  #leftOpen = 0;

  constructor(parts: InspectionParts<T>) {
    this.#parts = parts;
  }

  /** Undefined when it is gone. Throws CONTAINER_UNKNOWN where the engine answers, but not about this one. */
  async inspect(id: string): Promise<T | undefined> {
    const owed = this.#owed.get(id);
    if (owed === undefined) return await this.#slots.run(() => this.#first(id));
    this.#again(id, owed);
    throw owed.error;
  }

  /** Forgets every other container. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#owed.keys()) if (!ids.has(id)) this.#owed.delete(id);
  }

  async #first(id: string): Promise<T | undefined> {
    const question = this.#parts.ask(id);
    const { promise, reject } = Promise.withResolvers<never>();
    const patienceMs = this.#owed.size === 0 ? PATIENCE_MS : PATIENCE_BESIDE_OTHERS_MS;
    const timer = setTimeout(() => reject(SILENT), patienceMs);
    try {
      return await Promise.race([question.answer, promise]);
    } catch (error) {
      if (isUnreachable(error)) throw error;
      const owed = { error: this.#unknown(id, error), backoff: new Backoff(ASK_AGAIN), isAsked: false, notBeforeMs: 0 };
      this.#owed.set(id, owed);
      if (error === SILENT) this.#leaveOpen(id, owed, question);
      else owed.notBeforeMs = performance.now() + owed.backoff.next();
      throw owed.error;
    } finally {
      clearTimeout(timer);
    }
  }

  #again(id: string, owed: Owed): void {
    if (owed.isAsked || owed.notBeforeMs > performance.now() || this.#leftOpen >= MAX_LEFT_OPEN) return;
    this.#leaveOpen(id, owed, this.#parts.ask(id));
  }

  /** Nobody waits for the answer; what it says is old by then, so that only its coming counts. */
  #leaveOpen(id: string, owed: Owed, question: Question<T | undefined>): void {
    owed.isAsked = true;
    this.#leftOpen += 1;
    const timer = setTimeout(() => question.abandon(), this.#leftOpen > MAX_LEFT_OPEN ? 0 : LEFT_OPEN_MS);
    const ended = () => {
      clearTimeout(timer);
      owed.isAsked = false;
      this.#leftOpen -= 1;
      return this.#owed.get(id) === owed;
    };
    question.answer.then(
      () => {
        if (!ended()) return;
        this.#owed.delete(id);
        this.#parts.onAnswer(id);
      },
      (error: unknown) => {
        if (!ended()) return;
        owed.notBeforeMs = performance.now() + owed.backoff.next();
        owed.error = this.#unknown(id, error);
      },
    );
  }

  #unknown(id: string, cause: unknown): MooringError {
    const name = this.#parts.named(id);
    const said = cause instanceof MooringError && cause.code === 'ENGINE_ERROR' ? ` (${cause.message})` : '';
    const message = `Cannot look at ${name}: the engine answers, but not about this one${said}; an answer is wanted`;
    const hint = `Try it on the host: docker inspect ${name.replace('container ', '')}. A stuck healthcheck or exec in it is the usual cause; nothing of it is touched until the engine answers.`;
    return new MooringError('CONTAINER_UNKNOWN', message, { hint, cause });
  }
}

/** No answer came in time. */
const SILENT = new Error('no answer came in time');
