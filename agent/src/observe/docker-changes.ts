import type Docker from 'dockerode';
import type { Change } from './engine.ts';

/** Changes of containers that carry our label that change nothing that is looked at: commands run for healthchecks, and what only reads. */
const IGNORED = /^(?:exec_|top$|attach$|resize$|export$|archive-path$)/;
/**
 * Of other containers, of networks and of images, only what can touch ours: a taken name, an attachment, a tag that moved. Network events carry no
 * labels (20.10 to 28.5).
 */
const OF_OTHERS = ['create', 'rename', 'destroy', 'connect', 'disconnect', 'tag', 'pull', 'load', 'import'] as const;
/** Changes that are kept for a reader that is busy; the reader looks at everything anyway, so that the oldest may go. */
const MAX_WAITING = 1000;

type Filters = Exclude<NonNullable<Docker.GetEventsOptions['filters']>, string>;

/** Whose changes are told, until when, and what is told beside them. */
interface Reading {
  readonly label: string;
  readonly signal: AbortSignal;
  /** Hears what the engine does not tell of itself; returns what ends it. */
  readonly listen: (listener: (change: Change) => void) => () => void;
}

/** What happens on the engine, a burst at a time; ends with the shorter of its two streams. */
export async function* readChanges(
  docker: Docker,
  { label, signal, listen }: Reading,
): AsyncGenerator<readonly Change[], void, undefined> {
  const queue = new ChangeQueue();
  const own: Filters = { type: ['container'], label: [label] };
  const others: Filters = { type: ['container', 'network', 'image'], event: [...OF_OTHERS] };
  const streams = await Promise.all([own, others].map((filters) => docker.getEvents({ filters, abortSignal: signal })));
  const leave = listen((change) => queue.take(change));
  try {
    for (const stream of streams) queue.listen(stream);
    yield* queue.bursts();
  } finally {
    leave();
    for (const stream of streams) if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
  }
}

/** Collects what both streams tell until somebody takes it. */
class ChangeQueue {
  readonly #waiting: Change[] = [];
  #ended = false;
  #wake = () => {};

  listen(stream: NodeJS.ReadableStream): void {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') this.take(changeOf(line));
    });
    const finish = () => {
      this.#ended = true;
      this.#wake();
    };
    for (const end of ['end', 'close', 'error']) stream.once(end, finish);
  }

  async *bursts(): AsyncGenerator<readonly Change[], void, undefined> {
    while (!this.#ended) {
      if (this.#waiting.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
      if (this.#waiting.length > 0) yield this.#waiting.splice(0);
    }
  }

  take(change: Change): void {
    if (IGNORED.test(change.action)) return;
    this.#waiting.push(change);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#wake();
  }
}

/** A line that is no event is still a sign that something happened. */
function changeOf(line: string): Change {
  try {
    const { Type, Action, Actor } = JSON.parse(line);
    const signal = Action === 'kill' ? ` ${Actor.Attributes.signal}` : '';
    return { container: Type === 'container' ? String(Actor.ID) : '', action: `${Action}${signal}` };
  } catch {
    return { container: '', action: 'unknown' };
  }
}
