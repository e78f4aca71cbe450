/** Lets a bounded number of pieces of work run at the same time, whoever brings them; the others wait in the order in which they came. */
export class Turnstile {
  readonly #limit: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  /**
   * Does `work` for each item; rejects with the first failure after all that began have ended. One that fails stops no other, but after as many as may
   * run at the same time nothing new begins: whoever answers none of them will not answer the rest.
   */
  async each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    let failures = 0;
    const attempt = async (item: T) => {
      if (failures >= this.#limit) return;
      try {
        await work(item);
      } catch (error) {
        failures += 1;
        throw error;
      }
    };
    const results = await Promise.allSettled(items.map((item) => this.#pass(() => attempt(item))));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #pass(work: () => Promise<void>): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
