import { MooringError } from '@mooring/proto';

/** What waits for one reader, at most `capacity` at a time. */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Adds an item; a full queue ends with SLOW_CONSUMER. What comes after the end is let go. */
  push(item: T): void {
    if (this.#end !== undefined) return;
    if (this.#items.length >= this.#capacity) {
      this.#items.length = 0;
      const message = `Cannot keep more for a reader: ${this.#capacity} messages wait; one that keeps up is wanted`;
      this.end(new MooringError('SLOW_CONSUMER', message));
      return;
    }
    this.#items.push(item);
    this.#wake?.();
  }

  /** The reader gets what waits, and then the end: an error where one is given. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        yield item;
        continue;
      }
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
