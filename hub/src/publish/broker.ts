import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MooringError } from '@mooring/proto';
import type { Logger } from 'pino';
import { type BrokerSettings, brokerConfig } from './broker-config.ts';
import { watchBroker } from './broker-watch.ts';

/** The oldest nats-server whose `sync`, Direct Get and account imports behave as Mooring needs. */
export const MINIMUM_BROKER_VERSION = '2.10.23';
// The server says that it is ready within a second; a store with 10,000 messages takes a few.
const START_DEADLINE_MS = 30_000;
// A reload of 4,000 accounts takes 0.45 s.
const RELOAD_DEADLINE_MS = 10_000;
// Clients are told to go elsewhere first.
const STOP_DEADLINE_MS = 5_000;
// A server that ends by itself is started again after this, since every host waits for it; longer each time up to the maximum.
const RESTART_DELAY_MS = 25;
const MAX_RESTART_DELAY_MS = 10_000;

/** A nats-server of the hub's own, started again whenever it ends. */
export interface Broker {
  /** Rewrites the configuration and reloads it. Resolves when the server took it; rejects with BROKER_UNREACHABLE when it did not. */
  reload(settings: BrokerSettings): Promise<void>;
  close(): Promise<void>;
}

/** What starting needs to know. */
export interface BrokerParts {
  /** The nats-server binary. */
  readonly binary: string;
  /** Folder for configuration, pid file and store, 0700. */
  readonly folder: string;
  readonly settings: BrokerSettings;
  readonly log: Logger;
}

/** Refuses a server that is missing (BROKER_MISSING) or too old (BROKER_UNSUPPORTED). */
export async function checkBrokerBinary(binary: string): Promise<string> {
  let output: string;
  try {
    output = (await promisify(execFile)(binary, ['--version'], { timeout: START_DEADLINE_MS })).stdout;
  } catch (cause) {
    throw new MooringError(
      'BROKER_MISSING',
      `Cannot start the broker: ${binary} does not run; nats-server ${MINIMUM_BROKER_VERSION} or later is wanted`,
      {
        hint: 'Install nats-server, or name one with --nats-server, or give the URL of a running one with --nats.',
        cause,
      },
    );
  }
  const version = /v?(\d+\.\d+\.\d+)/.exec(output)?.[1] ?? '0.0.0';
  if (version.localeCompare(MINIMUM_BROKER_VERSION, 'en', { numeric: true }) < 0) {
    throw new MooringError(
      'BROKER_UNSUPPORTED',
      `Cannot start the broker: ${binary} is version ${version}; ${MINIMUM_BROKER_VERSION} or later is wanted`,
    );
  }
  return version;
}

/** Starts the server, ending first one that an earlier hub left behind. */
export async function startBroker(parts: BrokerParts): Promise<Broker> {
  await checkBrokerBinary(parts.binary);
  mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  await endOrphan(parts);
  const supervisor = new Supervisor(parts);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements Broker {
  readonly #parts: BrokerParts;
  readonly #configFile: string;
  readonly #lines = new Set<(line: string) => void>();
  #child: ChildProcess | undefined;
  #callOffWatch: () => void = () => undefined;
  #closing = false;
  #failures = 0;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    this.#configFile = join(parts.folder, 'nats.conf');
    this.#write(parts.settings);
  }

  async start(): Promise<void> {
    const ready = this.#line(/Server is ready/, START_DEADLINE_MS);
    this.#spawn();
    await ready;
  }

  async reload(settings: BrokerSettings): Promise<void> {
    this.#write(settings);
    const answer = this.#line(/Reloaded server configuration|Failed to reload|Server is ready/, RELOAD_DEADLINE_MS);
    this.#child?.kill('SIGHUP');
    const line = await answer;
    if (line.includes('Failed to reload')) {
      throw new MooringError(
        'BROKER_UNREACHABLE',
        `Cannot reload the broker: ${line}; a configuration it takes is wanted`,
      );
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(killer);
  }

  #spawn(): void {
    const child = spawn(this.#parts.binary, ['-c', this.#configFile], { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
    this.#child = child;
    if (child.pid !== undefined)
      this.#callOffWatch = watchBroker({ pid: child.pid, configFile: this.#configFile, log: this.#parts.log });
    createInterface({ input: child.stderr }).on('line', (line) => this.#heard(line));
    child.once('error', (cause) => this.#parts.log.error({ err: cause }, 'broker could not be started'));
    child.once('exit', (code, signal) => this.#ended(code ?? signal));
  }

  #heard(line: string): void {
    const text = line.replace(/^\[\d+\] \S+ \S+ /, '');
    if (text.includes('Server is ready')) this.#failures = 0;
    const level = /^\[(ERR|FTL|WRN)\]/.test(text) ? 'warn' : 'debug';
    this.#parts.log[level]({ broker: text }, 'broker');
    for (const listener of this.#lines) listener(text);
  }

  #ended(how: number | string | null): void {
    this.#callOffWatch();
    if (this.#closing) return;
    this.#failures += 1;
    const wait = Math.min(RESTART_DELAY_MS * 2 ** (this.#failures - 1), MAX_RESTART_DELAY_MS);
    this.#parts.log.warn({ how, restartInMs: wait }, 'broker ended; starting it again');
    setTimeout(() => {
      if (!this.#closing) this.#spawn();
    }, wait).unref();
  }

  #write(settings: BrokerSettings): void {
    const staged = `${this.#configFile}.new`;
    writeFileSync(staged, brokerConfig(settings), { mode: 0o600 });
    renameSync(staged, this.#configFile);
  }

  #line(pattern: RegExp, deadlineMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        this.#lines.delete(listener);
      };
      const listener = (line: string) => {
        if (!pattern.test(line)) return;
        finish();
        resolve(line);
      };
      const timer = setTimeout(() => {
        finish();
        reject(
          new MooringError(
            'BROKER_UNREACHABLE',
            `Cannot use the broker: it did not answer within ${deadlineMs} ms; a running nats-server is wanted`,
          ),
        );
      }, deadlineMs);
      this.#lines.add(listener);
    });
  }
}

/** Ends the server of a hub that was killed: its pid file names it, and its command line proves that it is ours. */
async function endOrphan({ folder, settings, log }: BrokerParts): Promise<void> {
  const pid = readPid(settings.pidFile);
  if (pid === undefined || !isOurs(pid, join(folder, 'nats.conf'))) return;
  log.warn({ pid }, 'ending the broker of an earlier hub');
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (isOurs(pid, join(folder, 'nats.conf'))) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(20);
  }
  rmSync(settings.pidFile, { force: true });
}

function readPid(file: string): number | undefined {
  const text = readOptional(file)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function isOurs(pid: number, configFile: string): boolean {
  return readOptional(`/proc/${pid}/cmdline`)?.split('\0').includes(configFile) ?? false;
}

function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}
