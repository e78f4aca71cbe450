import { once } from 'node:events';
import type Docker from 'dockerode';

/** One entry of an engine's own event log. */
export interface EngineEvent {
  readonly type: string;
  readonly action: string;
  readonly name: string;
  /** Of the object: a container that takes another's place has another one. */
  readonly id: string;
  /** Unix milliseconds by the engine's clock. */
  readonly atMs: number;
}

// What the engine does by itself, for healthchecks, changes nothing.
const NOT_A_CHANGE = /^(?:exec_|health_status|top|attach|resize)/;

/** Changes to containers, networks, volumes and images since then, by the engine's own event log: the witness of what was done a moment ago. */
export async function changesSince(docker: Docker, sinceMs: number): Promise<readonly EngineEvent[]> {
  return (await eventsSince(docker, sinceMs)).filter(({ action }) => !NOT_A_CHANGE.test(action));
}

/** An engine keeps only its newest events: over a longer time somebody must listen. */
export class Witness {
  readonly #seen = new Map<string, EngineEvent>();
  #docker: Docker;
  #stop = new AbortController();
  #lastMs = 0;

  private constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** Listens from now on. */
  static async of(docker: Docker): Promise<Witness> {
    const witness = new Witness(docker);
    await witness.follow(docker);
    return witness;
  }

  /** Listens to this engine from now on, and keeps what the one before told. */
  async follow(docker: Docker): Promise<void> {
    this.close();
    this.#docker = docker;
    this.#stop = new AbortController();
    this.#lastMs = Date.now();
    const stream = await docker.getEvents({ abortSignal: this.#stop.signal });
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
    // It ends with its engine, or because it was told to; what it missed is asked for below.
    stream.on('error', () => undefined);
  }

  /** Everything since then, also what is still on its way. */
  async eventsSince(sinceMs: number): Promise<readonly EngineEvent[]> {
    for (const line of await logLines(this.#docker, Math.max(sinceMs, this.#lastMs - OVERLAP_MS))) this.#take(line);
    return [...this.#seen.values()].filter(({ atMs }) => atMs >= sinceMs).sort((a, b) => a.atMs - b.atMs);
  }

  /** Changes since then. */
  async changesSince(sinceMs: number): Promise<readonly EngineEvent[]> {
    return (await this.eventsSince(sinceMs)).filter(({ action }) => !NOT_A_CHANGE.test(action));
  }

  close(): void {
    this.#stop.abort();
  }

  #take(line: string): void {
    if (line.trim() === '') return;
    const event = parseEvent(line);
    this.#seen.set(line, event);
    this.#lastMs = Math.max(this.#lastMs, event.atMs);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_SEEN && oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** What was heard last and what is asked for overlap, so that nothing falls in between: an engine tells events of one moment in any order. */
const OVERLAP_MS = 1000;
/** Events that a witness remembers: more than the longest test makes. */
const MAX_SEEN = 100_000;

/** Everything that the engine tells since then. */
export async function eventsSince(docker: Docker, sinceMs: number): Promise<readonly EngineEvent[]> {
  return (await logLines(docker, sinceMs)).map(parseEvent);
}

async function logLines(docker: Docker, sinceMs: number): Promise<readonly string[]> {
  const seconds = (ms: number) => Number((ms / 1000).toFixed(3));
  const stream = await docker.getEvents({ since: seconds(sinceMs), until: seconds(Date.now()) });
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(stream, 'end');
  return text.split('\n').filter((line) => line.trim() !== '');
}

function parseEvent(line: string): EngineEvent {
  const event: {
    Type?: string;
    Action?: string;
    timeNano?: number;
    Actor?: { ID?: string; Attributes?: Record<string, string> };
  } = JSON.parse(line);
  const { Type: type = '', Action: action = '', timeNano = 0, Actor } = event;
  const id = Actor?.ID ?? '';
  return { type, action, name: Actor?.Attributes?.['name'] ?? id, id, atMs: timeNano / 1e6 };
}
