import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

// A program that is told to stop has this long before it is killed.
const STOP_DEADLINE_MS = 20_000;
const KEPT_LINES = 2000;

/** How a program is started. */
export interface ProgramOptions {
  /** Network namespace to run in. */
  readonly namespace?: string | undefined;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Where everything that it prints is kept. */
  readonly log: string;
}

/** A program that runs until it is stopped. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;

  constructor({ namespace, command, args, env, log }: ProgramOptions) {
    const [file, all] =
      namespace === undefined ? [command, [...args]] : ['nsenter', [`--net=/run/netns/${namespace}`, command, ...args]];
    this.#child = spawn(file, all, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        appendFileSync(log, `${line}\n`);
        this.#lines.push(line);
        if (this.#lines.length > KEPT_LINES) this.#lines.shift();
      });
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** How it ended, as shells tell it; 0 while it runs. */
  get exitCode(): number {
    return this.#child.exitCode ?? 0;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it printed last. */
  get output(): string {
    return this.#lines.join('\n');
  }

  /** Comes once it has ended and everything that it printed is here. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it, by force when it does not stop by itself. */
  async stop(): Promise<void> {
    const killer = setTimeout(() => this.signal('SIGKILL'), STOP_DEADLINE_MS);
    if (this.running) this.signal('SIGTERM');
    await this.#ended;
    clearTimeout(killer);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    if (this.running) this.signal('SIGKILL');
    await this.#ended;
  }
}
