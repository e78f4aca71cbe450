import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { forward, takeOver } from '../support/engine-proxy.ts';

/** What an engine does wrong. Calls are named `METHOD /path`, without the version of the API and without a query. */
export interface EngineFault {
  /** Which calls it concerns; all, unless it says. */
  readonly calls?: RegExp;
  /** How many of them; all, unless it says. */
  readonly times?: number;
  readonly does:
    | 'hang'
    | 'refuse'
    | 'truncate'
    /** The stream of events lives and says nothing. */
    | 'silence'
    | { readonly slowMs: number }
    | { readonly status: number; readonly message: string };
}

/** Stands between an agent and its engine, and does to its calls what it is told. */
export class EngineFaults {
  readonly socket: string;
  readonly #engine: string;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  readonly #held = new Set<ServerResponse>();
  #fault: EngineFault | undefined;
  #hitAtMs: number[] = [];
  #inFlight = 0;
  #mostInFlight = 0;
  #calls = 0;

  private constructor(socket: string, engine: string) {
    this.socket = socket;
    this.#engine = engine;
    this.#server = createServer((asked, answer) => void this.#asked(asked, answer));
    this.#server.on('upgrade', (asked: IncomingMessage, client: Socket, head: Buffer) => {
      takeOver(asked, { client, head, engine });
    });
    this.#server.requestTimeout = 0;
    this.#server.timeout = 0;
  }

  static async start(paths: { readonly socket: string; readonly engine: string }): Promise<EngineFaults> {
    const faults = new EngineFaults(paths.socket, paths.engine);
    faults.#server.listen(paths.socket);
    await once(faults.#server, 'listening');
    return faults;
  }

  /** Calls that met the fault of now. */
  get hits(): number {
    return this.#hitAtMs.length;
  }

  /** When each of them came, by the monotonic clock. */
  get hitAtMs(): readonly number[] {
    return this.#hitAtMs;
  }

  /** All calls, since the fault of now. */
  get calls(): number {
    return this.#calls;
  }

  /** The most calls that were open at once since the fault of now; streams of events are not counted. */
  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  /** From now on this happens; undefined: nothing. Calls that hang are let go, unanswered. */
  set(fault: EngineFault | undefined): void {
    this.#fault = fault;
    this.#hitAtMs = [];
    this.#calls = 0;
    this.#mostInFlight = this.#inFlight;
    for (const answer of this.#held) answer.destroy();
    this.#held.clear();
  }

  /** Ends every stream of events; returns how many there were. */
  cutEvents(): number {
    const { size } = this.#streams;
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
    return size;
  }

  async close(): Promise<void> {
    this.set(undefined);
    this.cutEvents();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    rmSync(this.socket, { force: true });
  }

  async #asked(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const call = nameOf(asked);
    this.#calls += 1;
    if (call === 'GET /events') this.#follow(answer);
    else this.#count(answer);
    const does = this.#meet(call);
    const onward = { engine: this.#engine };
    if (does === undefined) forward(asked, answer, onward);
    else if (does === 'hang') this.#held.add(answer);
    else if (does === 'refuse') asked.socket.destroy();
    else if (does === 'truncate') forward(asked, answer, { ...onward, pass: truncated });
    else if (does === 'silence') forward(asked, answer, { ...onward, pass: silenced });
    else if ('slowMs' in does) {
      await delay(does.slowMs);
      if (!answer.destroyed) forward(asked, answer, onward);
    } else {
      asked.resume();
      answer.writeHead(does.status, { 'Content-Type': 'application/json' });
      answer.end(JSON.stringify({ message: does.message }));
    }
  }

  #meet(call: string): EngineFault['does'] | undefined {
    const fault = this.#fault;
    if (fault === undefined || !(fault.calls ?? /./).test(call)) return undefined;
    if (this.hits >= (fault.times ?? Number.POSITIVE_INFINITY)) return undefined;
    this.#hitAtMs.push(performance.now());
    return fault.does;
  }

  #follow(answer: ServerResponse): void {
    this.#streams.add(answer);
    answer.on('close', () => this.#streams.delete(answer));
  }

  #count(answer: ServerResponse): void {
    this.#inFlight += 1;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
    answer.on('close', () => {
      this.#inFlight -= 1;
    });
  }
}

function nameOf({ method = '', url = '' }: IncomingMessage): string {
  return `${method} ${(url.split('?')[0] ?? '').replace(/^\/v\d+\.\d+/, '')}`;
}

/** A whole answer of HTTP whose JSON ends in the middle. */
function truncated(told: IncomingMessage, answer: ServerResponse): void {
  const chunks: Buffer[] = [];
  told.on('data', (chunk: Buffer) => chunks.push(chunk));
  told.on('error', () => answer.destroy());
  told.on('end', () => {
    const whole = Buffer.concat(chunks);
    answer.writeHead(told.statusCode ?? 502, { 'Content-Type': 'application/json' });
    answer.end(whole.subarray(0, Math.floor(whole.byteLength / 2)));
  });
}

function silenced(told: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(told.statusCode ?? 502, told.statusMessage, told.rawHeaders);
  answer.flushHeaders();
  told.resume();
  told.on('close', () => answer.destroy());
}
