import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './program.ts';
import { toolPath } from './tools.ts';

/** Longer than any test: it is told to stop. */
const ENDLESS = '1h';
/** How long one request may take before it counts as failed: a machine that others use as well is slow at times. */
const REQUEST_DEADLINE = '20s';
/** Connections that stay open, and the milliseconds that each rests between two requests. */
const CONNECTIONS = 12;
const REST_MS = 15;

/** What became of the requests of a load. */
export interface LoadReport {
  readonly requests: number;
  /** Answers with a status of 400 and above, and connections that were refused, cut off or silent. */
  readonly failed: number;
  readonly text: string;
}

/** A load generator (wrk) that asks for one page over connections that stay open until it is ended. */
export class Load {
  readonly #program: Program;

  constructor(folder: string, namespace: string, url: string) {
    const script = join(folder, 'load.lua');
    writeFileSync(script, `function delay() return ${REST_MS} end\n`);
    const args = ['-t1', `-c${CONNECTIONS}`, '-d', ENDLESS, '--timeout', REQUEST_DEADLINE, '-s', script, url];
    this.#program = new Program({ namespace, command: toolPath('MOORING_WRK'), args, log: join(folder, 'load.log') });
  }

  /** Ends it, and counts. */
  async end(): Promise<LoadReport> {
    this.#program.signal('SIGINT');
    await this.#program.ended;
    const text = this.#program.output;
    const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? Number.NaN);
    const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
    const broken = (/Socket errors: (.*)/.exec(text)?.[1] ?? '').match(/\d+/g) ?? [];
    return { requests, failed: broken.map(Number).reduce((sum, one) => sum + one, refused), text };
  }

  /** Ends it where nobody wants to know. */
  async stop(): Promise<void> {
    await this.#program.stop();
  }
}
