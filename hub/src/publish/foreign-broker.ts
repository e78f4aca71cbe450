import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MooringError } from '@mooring/proto';
import type { Logger } from 'pino';
import type { IdentityStore } from '../store/store.ts';
import { accountsConfig } from './broker-config.ts';
import { brokerUsers, type HubBroker } from './hub-broker.ts';

// A reload of 4,000 accounts takes 0.45 s; the way to another machine takes the rest.
const RELOAD_DEADLINE_MS = 15_000;
// After a reload that failed; doubled each time up to the maximum.
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** What a broker that somebody else runs needs. */
export interface ForeignBrokerParts {
  readonly url: string;
  readonly folder: string;
  readonly store: IdentityStore;
  readonly hubNkey: string;
  /** Program that makes the broker read its configuration again; it is given the path of the accounts. Absent: its owner does it. */
  readonly reload: string | undefined;
  readonly log: Logger;
}

/**
 * Uses a broker that somebody else runs. Its accounts are written to `accounts.conf`, for that broker's configuration to include. Throws
 * NATS_INSECURE for a URL without TLS that leaves this machine.
 */
export function openForeignBroker(parts: ForeignBrokerParts): HubBroker {
  checkUrl(parts.url);
  return new ForeignBroker(parts);
}

class ForeignBroker implements HubBroker {
  readonly hubUrls: readonly string[];
  readonly #parts: ForeignBrokerParts;
  readonly #file: string;
  #running: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS;
  #closed = false;

  constructor(parts: ForeignBrokerParts) {
    this.#parts = parts;
    this.hubUrls = [parts.url];
    this.#file = join(parts.folder, 'accounts.conf');
    mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  }

  /**
   * Resolves once the file is written and the program was run. A broker that cannot be reloaded now keeps nobody from joining: it is tried
   * again, and until then the host takes everything over gRPC.
   */
  register(): Promise<void> {
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      this.#running = this.#pass();
      return this.#running;
    });
    return this.#waiting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#running;
  }

  async #pass(): Promise<void> {
    clearTimeout(this.#retry);
    this.#write();
    const { reload, log } = this.#parts;
    if (reload === undefined) {
      log.info({ file: this.#file }, 'accounts of the broker changed: reload it, or name a program with --nats-reload');
      return;
    }
    try {
      await promisify(execFile)(reload, [this.#file], { timeout: RELOAD_DEADLINE_MS });
      this.#retryMs = RETRY_MS;
      log.info({ file: this.#file }, 'accounts of the broker changed, and it was reloaded');
    } catch (cause) {
      log.warn({ err: reloadFailed(reload, cause), retryInMs: this.#retryMs }, 'the broker was not reloaded');
      this.#tryAgain();
    }
  }

  #write(): void {
    const { hubNkey, store } = this.#parts;
    const staged = `${this.#file}.new`;
    writeFileSync(staged, accountsConfig(hubNkey, brokerUsers(store)), { mode: 0o600 });
    renameSync(staged, this.#file);
  }

  #tryAgain(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => void this.register(), this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}

function reloadFailed(program: string, cause: unknown): MooringError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MooringError(
    'BROKER_UNREACHABLE',
    `Cannot reload the broker: ${program} failed, ${why}; a program that ends with 0 within ${RELOAD_DEADLINE_MS / 1000} s is wanted`,
    { place: { file: '--nats-reload' }, cause },
  );
}

function checkUrl(url: string): void {
  const { protocol, hostname } = URL.parse(url) ?? { protocol: '', hostname: '' };
  if (protocol === 'tls:') return;
  if (protocol === 'nats:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return;
  throw new MooringError('NATS_INSECURE', 'Cannot use the broker: its URL names no TLS; tls://host:port is wanted', {
    place: { file: '--nats' },
  });
}
