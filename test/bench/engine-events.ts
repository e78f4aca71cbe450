import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import type Docker from 'dockerode';

// Whatever is waited for takes seconds at most; more than this is a fault.
const DEADLINE_MS = 120_000;

/** What the engine told of a container; its own clock is the judge, whoever acts. */
export interface EngineEvent {
  readonly action: string;
  readonly id: string;
  readonly name: string;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** Everything that happens to an engine's containers while it is followed. */
export class EngineEvents {
  readonly #stop = new AbortController();
  readonly #told: EngineEvent[] = [];
  #listener: () => void = () => {};

  /** Resolves when it listens. */
  static async follow(docker: Docker): Promise<EngineEvents> {
    const events = new EngineEvents();
    const stream = await docker.getEvents({ filters: { type: ['container'] }, abortSignal: events.#stop.signal });
    // An aborted response breaks the pipe, not the reader of lines.
    const lines = (stream as Readable).on('error', () => undefined).pipe(new PassThrough());
    createInterface({ input: lines }).on('line', (line) => events.#take(line));
    return events;
  }

  /** The first event that is meant, told already or yet to come. */
  async first(action: string, isMeant: (event: EngineEvent) => boolean): Promise<EngineEvent> {
    const { promise, resolve, reject } = Promise.withResolvers<EngineEvent>();
    const seen = () => this.#told.map(({ action: one, name }) => `${one} ${name}`).join(', ');
    const timer = setTimeout(() => reject(new Error(`no ${action} within ${DEADLINE_MS} ms: ${seen()}`)), DEADLINE_MS);
    const look = () => {
      const found = this.#told.find((event) => event.action === action && isMeant(event));
      if (found !== undefined) resolve(found);
    };
    this.#listener = look;
    look();
    return await promise.finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#stop.abort();
  }

  #take(line: string): void {
    const { Action, Actor, timeNano } = JSON.parse(line);
    this.#told.push({ action: Action, id: Actor.ID, name: Actor.Attributes.name, atMs: timeNano / 1e6 });
    this.#listener();
  }
}

/** Follows an engine's events while something is done. */
export async function following<T>(docker: Docker, work: (events: EngineEvents) => Promise<T>): Promise<T> {
  const events = await EngineEvents.follow(docker);
  try {
    return await work(events);
  } finally {
    events.close();
  }
}
