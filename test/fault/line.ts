import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { HUB_ADDRESS } from '../support/network.ts';
import { run } from '../support/run.ts';
import type { FromLine, ToLine } from './line-process.ts';
import type { LineCounts, LineFault } from './tcp-lane.ts';

/** Whose line, and to which port of the hub's machine. */
export interface LineOptions {
  readonly hubNamespace: string;
  /** The hub's end of the line of that host. */
  readonly device: string;
  readonly port: number;
  readonly seed: number;
}

/** Ports of lines, beside those of hub, broker and Git. */
const FIRST_PORT = 20_000;
/** An answer over IPC takes milliseconds; on a busy machine, seconds. */
const ANSWER_DEADLINE_MS = 30_000;
let lines = 0;

/**
 * Puts a faulty line between one host and one port of the hub's machine: the kernel hands new connections from that host's device to a proxy, which
 * connects on. What is connected already stays: whoever wants it in between has the host connect anew.
 */
export class Line {
  readonly #child: ChildProcess;
  readonly #redirect: readonly string[];
  readonly #namespace: string;
  readonly #waiting = new Map<number, (counts: LineCounts) => void>();
  #next = 1;

  private constructor(child: ChildProcess, namespace: string, redirect: readonly string[]) {
    this.#child = child;
    this.#namespace = namespace;
    this.#redirect = redirect;
    child.on('message', ({ id, counts }: FromLine) => {
      this.#waiting.get(id)?.(counts);
      this.#waiting.delete(id);
    });
  }

  static async lay({ hubNamespace, device, port, seed }: LineOptions): Promise<Line> {
    lines += 1;
    const own = FIRST_PORT + lines;
    const script = join(import.meta.dirname, 'line-process.ts');
    const within = ['nsenter', `--net=/run/netns/${hubNamespace}`, process.execPath];
    const [command = '', ...args] = [...within, script, String(own), HUB_ADDRESS, String(port), String(seed)];
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const match = ['-i', device, '-p', 'tcp', '-d', HUB_ADDRESS, '--dport', String(port)];
    const redirect = ['-t', 'nat', 'PREROUTING', ...match, '-j', 'REDIRECT', '--to-port', String(own)];
    await once(child, 'message', { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
    const line = new Line(child, hubNamespace, redirect);
    await line.#table('-A');
    return line;
  }

  counts(): Promise<LineCounts> {
    return this.#tell((id) => ({ id, kind: 'counts' }));
  }

  set(fault: LineFault): Promise<LineCounts> {
    return this.#tell((id) => ({ id, kind: 'set', fault }));
  }

  cut(): Promise<LineCounts> {
    return this.#tell((id) => ({ id, kind: 'cut' }));
  }

  /** Takes the line away; connections over it end. */
  async close(): Promise<void> {
    await this.#table('-D');
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  #tell(message: (id: number) => ToLine): Promise<LineCounts> {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<LineCounts>();
    const late = setTimeout(() => reject(new Error('the line does not answer')), ANSWER_DEADLINE_MS);
    this.#waiting.set(id, (counts) => {
      clearTimeout(late);
      resolve(counts);
    });
    this.#child.send(message(id));
    return promise;
  }

  async #table(action: '-A' | '-D'): Promise<void> {
    const [, table = '', chain = '', ...rest] = this.#redirect;
    await run('nsenter', [
      `--net=/run/netns/${this.#namespace}`,
      'iptables',
      '-w',
      '-t',
      table,
      action,
      chain,
      ...rest,
    ]);
  }
}
