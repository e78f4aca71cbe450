import { join } from 'node:path';
import type { Logger } from 'pino';
import type { IdentityStore } from '../store/store.ts';
import { type Broker, startBroker } from './broker.ts';
import type { BrokerSettings, BrokerUser } from './broker-config.ts';

/** The broker as the rest of the hub sees it: somewhere to connect to, and a list of who may. */
export interface HubBroker {
  /** Where the hub itself connects. */
  readonly hubUrls: readonly string[];
  /** Makes the broker's accounts what the store says; resolves when the broker took them. */
  register(): Promise<void>;
  close(): Promise<void>;
}

/** What a broker of the hub's own needs. */
export interface OwnBrokerParts {
  readonly binary: string;
  readonly folder: string;
  readonly store: IdentityStore;
  readonly settings: Omit<BrokerSettings, 'users' | 'pidFile' | 'storeFolder'>;
  readonly log: Logger;
}

/** Starts and supervises a nats-server of the hub's own. */
export async function openOwnBroker(parts: OwnBrokerParts): Promise<HubBroker> {
  const settings = (): BrokerSettings => ({
    ...parts.settings,
    pidFile: join(parts.folder, 'nats.pid'),
    storeFolder: join(parts.folder, 'jetstream'),
    users: brokerUsers(parts.store),
  });
  const broker = await startBroker({
    binary: parts.binary,
    folder: parts.folder,
    settings: settings(),
    log: parts.log,
  });
  return {
    hubUrls: [`tls://127.0.0.1:${parts.settings.listenPort}`],
    register: oneAtATime(broker, settings),
    close: () => broker.close(),
  };
}

/** Reloads follow each other; those that wait share the next one, which writes the newest list anyway. */
function oneAtATime(broker: Broker, settings: () => BrokerSettings): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= running
      .catch(() => undefined)
      .then(() => {
        waiting = undefined;
        running = broker.reload(settings());
        return running;
      });
    return waiting;
  };
}

/** Who may connect: every host that was not revoked. */
export function brokerUsers(store: IdentityStore): BrokerUser[] {
  const active = store.hosts().filter(({ revokedAtMs }) => revokedAtMs === 0);
  return active.map(({ name, nkey }) => ({ host: name, nkey }));
}
