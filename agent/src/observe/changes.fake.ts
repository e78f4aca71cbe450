import type { Change } from './engine.ts';

/** A listener's own filter, and what it has not yet taken. */
interface Listener {
  readonly label: readonly [string, string];
  readonly waiting: Change[];
  wake: () => void;
}

/** Changes of containers of others that listeners hear of too. */
const OF_OTHERS: ReadonlySet<string> = new Set(['create', 'rename', 'destroy']);

/** What the engine in memory tells while it happens. */
export class FakeChanges {
  readonly #listeners = new Set<Listener>();

  async *follow(label: string, signal: AbortSignal): AsyncGenerator<readonly Change[], void, undefined> {
    const [name = '', value = ''] = label.split('=');
    const listener: Listener = { label: [name, value], waiting: [], wake: () => {} };
    signal.addEventListener('abort', () => listener.wake(), { once: true });
    this.#listeners.add(listener);
    try {
      while (!signal.aborted) {
        if (listener.waiting.length === 0) {
          const { promise, resolve } = Promise.withResolvers<void>();
          listener.wake = resolve;
          await promise;
        }
        if (listener.waiting.length > 0) yield listener.waiting.splice(0);
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** To those whose label the container carries; what can touch theirs, to all. */
  tell(
    { id, labels }: { readonly id: string; readonly labels: Readonly<Record<string, string>> },
    action: string,
  ): void {
    for (const listener of this.#listeners) {
      const [name, value] = listener.label;
      const isOurs = labels[name] === value;
      if (isOurs || OF_OTHERS.has(action)) push(listener, { container: id, action });
    }
  }

  tellAll(change: Change): void {
    for (const listener of this.#listeners) push(listener, change);
  }
}

function push(listener: Listener, change: Change): void {
  listener.waiting.push(change);
  listener.wake();
}
