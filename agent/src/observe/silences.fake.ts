import { engineError } from './engine-error.ts';
import type { Question } from './plain-get.ts';

/** Containers about which the engine in memory says nothing, or only that it cannot. */
export class FakeSilences {
  readonly #open = new Map<string, (() => void)[]>();
  readonly #failing = new Map<string, string>();
  /** Questions that were put, whatever became of them. */
  readonly asked = new Map<string, number>();

  /** Questions about the container are not answered until `end`. */
  begin(id: string): void {
    this.#open.set(id, []);
  }

  /** Questions about the container are answered with an error until `end`. */
  fail(id: string, message: string): void {
    this.#failing.set(id, message);
  }

  /** Answers everything that was asked meanwhile. */
  end(id: string): void {
    this.#failing.delete(id);
    const open = this.#open.get(id) ?? [];
    this.#open.delete(id);
    for (const answer of open) answer();
  }

  /** The question and its answer, as far as there is one. */
  question<T>(id: string, answer: () => T): Question<T> {
    this.asked.set(id, (this.asked.get(id) ?? 0) + 1);
    const failing = this.#failing.get(id);
    if (failing !== undefined) {
      const error = Object.assign(new Error(failing), { statusCode: 500 });
      return { answer: Promise.reject(engineError('look at a container', error)), abandon: () => {} };
    }
    const open = this.#open.get(id);
    if (open === undefined) return { answer: Promise.resolve(answer()), abandon: () => {} };
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    open.push(() => resolve(answer()));
    return { answer: promise, abandon: () => reject(engineError('look at a container', new Error('abandoned'))) };
  }
}
