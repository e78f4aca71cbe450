import { createServer } from 'node:net';
import { join } from 'node:path';
import { Severity } from '@mooring/proto';
import { type Command, Option } from 'commander';
import {
  DEFAULT_DATA,
  DEFAULT_POLL_MS,
  DEFAULT_PORT,
  defaultAddresses,
  type HubConfig,
  socketPath,
} from '../../config.ts';
import { takeBudget } from '../budget.ts';
import { withProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { duration, type ListenAddress, listenAddress, port, repeated } from './values.ts';

/** Commands that make and run a hub: init, hub. */
export function addLocalCommands(program: Command, session: Session): void {
  program
    .command('init')
    .description('make a fleet: its keys, certificate authority, trust file and database')
    .option('--data <dir>', 'folder of the fleet', DEFAULT_DATA)
    .option('--fleet <name>', 'name of the fleet', 'fleet')
    .option('--keys <dir>', 'the kept folder keys/ of a fleet whose hub is lost: make that fleet again')
    .option('--address <address>', 'name or IP address by which hosts reach the hub; may be repeated', repeated, [])
    .option(
      '--port <port>',
      'port for hosts and people; joining and the broker take the two above; 0: three that are free',
      port,
      DEFAULT_PORT,
    )
    .action((options: InitOptions) =>
      options.keys === undefined ? init(session, options) : rebuild(session, { ...options, keys: options.keys }),
    );
  program
    .command('hub')
    .description('run the hub in the foreground')
    .option('--repo <url>', 'repository: a path or an http(s) URL')
    .option('--branch <branch>', 'branch to follow')
    .option('--data <dir>', 'folder of the fleet', DEFAULT_DATA)
    .option('--listen <host:port>', 'where hosts and people connect', listenAddress)
    .option('--nats <url>', 'a broker that somebody else runs')
    .option('--nats-reload <program>', 'run when the accounts of that broker change, with the path of their file')
    .option('--nats-server <path>', 'the nats-server to run', process.env['MOORING_NATS_SERVER'] ?? 'nats-server')
    .option('--token-file <file>', 'file with the token for the repository')
    .option('--poll <duration>', 'between questions to the repository', duration, DEFAULT_POLL_MS)
    .addOption(
      new Option('--heartbeat <duration>', 'between heartbeats of a host').argParser(duration).default(10_000, '10s'),
    )
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .action((options: HubOptions) => runHub(session, options));
}

interface InitOptions {
  readonly data: string;
  readonly fleet: string;
  readonly keys?: string;
  readonly address: readonly string[];
  readonly port: number;
}

async function init(session: Session, options: InitOptions): Promise<void> {
  const { initFleet } = await import('../../enrol/init-fleet.ts');
  const { createStore } = await import('../../store/open-store.ts');
  const addresses = options.address.length === 0 ? defaultAddresses() : [...options.address];
  const ports = await portsFrom(options.port);
  const fleet = await withProgress(session, 'Making keys and certificates', () =>
    initFleet({ data: options.data, name: options.fleet, addresses, ports, clock: Date.now }),
  );
  createStore({ file: join(options.data, 'hub.db'), fleetId: fleet.id, clock: Date.now });
  session.out.result({ fleetId: fleet.id, name: fleet.name, data: options.data, addresses, ports }, () =>
    [
      `Fleet ${fleet.name} (${fleet.id}) is made in ${options.data}.`,
      `Hosts reach it at ${addresses.join(', ')}, ports ${ports.grpc}, ${ports.join} (joining) and ${ports.nats} (broker).`,
      `Copy ${join(options.data, 'keys')} to another place now; whoever has it rules the fleet. root.key may be kept elsewhere.`,
      `Next: mooring hub --data ${options.data} --repo URL|PATH`,
    ].join('\n'),
  );
}

/** Keys and Git are enough for a new hub; its hosts ask to be let in again. */
async function rebuild(
  session: Session,
  { data, keys, address }: InitOptions & { readonly keys: string },
): Promise<void> {
  const { rebuildFleet } = await import('../../enrol/rebuild-fleet.ts');
  const { createStore, openStore } = await import('../../store/open-store.ts');
  const fleet = await rebuildFleet({ data, keys, addresses: address, clock: Date.now });
  const options = { file: join(data, 'hub.db'), fleetId: fleet.id, clock: Date.now };
  createStore(options);
  const store = await openStore(options);
  const message = 'The hub was made again from the keys of the fleet: what only its database had is lost';
  await store.addHubEvent({ kind: 'hub.rebuilt', severity: Severity.SEVERITY_WARNING, message });
  await store.close();
  session.out.result(
    { fleetId: fleet.id, name: fleet.name, data, addresses: fleet.addresses, ports: fleet.ports },
    () =>
      [
        `Fleet ${fleet.name} (${fleet.id}) is made again in ${data}.`,
        `Hosts look for it at ${fleet.addresses.join(', ')}, ports ${fleet.ports.grpc} to ${fleet.ports.nats}.`,
        `Next: mooring hub --data ${data} --repo URL|PATH, and, once its hosts ask to be let in again: mooring approve`,
      ].join('\n'),
  );
}

async function portsFrom(first: number): Promise<{ grpc: number; join: number; nats: number }> {
  if (first !== 0) return { grpc: first, join: first + 1, nats: first + 2 };
  const [grpc, join, nats] = await Promise.all([freePort(), freePort(), freePort()]);
  return { grpc, join, nats };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

interface HubOptions {
  readonly repo?: string;
  readonly branch?: string;
  readonly data: string;
  readonly listen?: ListenAddress;
  readonly nats?: string;
  readonly natsReload?: string;
  readonly natsServer: string;
  readonly tokenFile?: string;
  readonly poll: number;
  readonly heartbeat: number;
  readonly logLevel: HubConfig['logLevel'];
}

async function runHub(session: Session, options: HubOptions): Promise<void> {
  takeBudget();
  // A hub is a hundred modules that no other command needs: they would double the time until `status` answers.
  const { startHub } = await import('../../hub.ts');
  const hub = await startHub({
    data: options.data,
    repo: options.repo,
    branch: options.branch,
    listen: options.listen,
    nats: options.nats,
    natsReload: options.natsReload,
    natsServer: options.natsServer,
    tokenFile: options.tokenFile,
    pollMs: options.poll,
    heartbeatMs: options.heartbeat,
    logLevel: options.logLevel,
  });
  const socket = socketPath(options.data);
  session.out.note(
    `The hub runs. Ask it: mooring${options.data === DEFAULT_DATA ? '' : ` --hub unix:${socket}`} status`,
  );
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await hub.close();
}
