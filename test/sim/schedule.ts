/** One thing that happens at a time. */
interface Entry {
  readonly atMs: number;
  /** Breaks ties: what was planned first happens first. */
  readonly order: number;
  run: (() => void) | undefined;
}

/** Steps after which the machine gets a turn of its own, to collect what is left over. */
const STEPS_PER_TURN = 5_000;

/** Events at one moment: more are a loop that waits for nothing. */
const MAX_STEPS_AT_ONCE = 100_000;

/** Time that passes only from one event to the next. */
export class Schedule {
  /** Events that happened. */
  steps = 0;
  #nowMs = 0;
  #orders = 0;
  #stepsNow = 0;
  readonly #heap: Entry[] = [];

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs something once, so many milliseconds from now; returns what calls it off. */
  after(ms: number, run: () => void): () => void {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, Math.ceil(ms)), order: this.#orders++, run };
    this.#push(entry);
    return () => {
      entry.run = undefined;
    };
  }

  /** The next event and everything that follows from it at once. False: nothing is left to happen. */
  async step(): Promise<boolean> {
    for (;;) {
      const entry = this.#pop();
      if (entry === undefined) return false;
      const { run } = entry;
      if (run === undefined) continue;
      entry.run = undefined;
      this.#stepsNow = entry.atMs === this.#nowMs ? this.#stepsNow + 1 : 0;
      if (this.#stepsNow > MAX_STEPS_AT_ONCE) throw new Error(`time stands still at ${this.#nowMs} ms`);
      this.#nowMs = entry.atMs;
      this.steps += 1;
      run();
      await (this.steps % STEPS_PER_TURN === 0 ? turn() : settled());
      return true;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = heap[above];
      if (other === undefined || !isBefore(entry, other)) break;
      heap[place] = other;
      place = above;
    }
    heap[place] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const below = isRight ? right : left;
      if (below === undefined || !isBefore(below, last)) break;
      heap[place] = below;
      place = 2 * place + (isRight ? 2 : 1);
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}

/** Resolves when every promise that could go on has gone on: a tick comes after all microtasks, those included that others made. */
function settled(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
