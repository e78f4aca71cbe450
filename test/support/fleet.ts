import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './ask.ts';
import { Engine, type EngineVersion } from './engine.ts';
import { eventually } from './eventually.ts';
import { FleetRepository } from './fleet-repository.ts';
import { importImages, makeRootFileSystem } from './images.ts';
import { HUB_ADDRESS, type Network, startNetwork } from './network.ts';
import { Program } from './program.ts';
import { type Ended, finish } from './run.ts';
import { makeRunFolder, type RunFolder, removeRunFolder } from './run-folder.ts';
import { ROOT, toolPath } from './tools.ts';

const MOORING = join(ROOT, 'hub', 'bin', 'mooring.js');
const AGENT = join(ROOT, 'agent', 'bin', 'mooring-agent.js');
const GIT_PORT = 8080;
const TOKEN = 'token-of-the-repository';
/** Where the hub of a fleet listens. */
export const PORTS = { grpc: 7443, join: 7444, nats: 7445 } as const;
/** Milliseconds between heartbeats in tests: short, so that offline is soon. */
export const HEARTBEAT_MS = 1000;

/** How often a hub asks in tests, unless its flags say otherwise: an option is given once. */
const TEST_PACE = [
  ['--poll', '1s'],
  ['--heartbeat', `${HEARTBEAT_MS}ms`],
] as const;

/** One host of a fleet. */
export interface HostOptions {
  readonly name: string;
  readonly engine: EngineVersion;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** False: its engine runs, and it has not joined. */
  readonly joined?: boolean | undefined;
  /** Registries that its engine asks without TLS. */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** What the daemon.json of its engine says. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
}

/** An event as the CLI prints it. */
interface FleetEvent {
  readonly host: string;
  readonly kind: string;
  readonly stack: string;
  readonly object: string;
  readonly message: string;
  /** Unix milliseconds by the clock of the host, or of the hub where it happened there. */
  readonly atMs: number;
}

/** A real fleet: hub, broker, Git over smart HTTP, and hosts with an engine and an agent each, every one in a network of its own. */
export class Fleet {
  readonly folder: RunFolder;
  readonly network: Network;
  readonly repository: FleetRepository;
  readonly hosts: readonly TestHost[];
  git: Program | undefined;
  hub: Program | undefined;
  /** What the environment of the hub has besides. */
  hubEnvironment: Readonly<Record<string, string>> = {};

  constructor(parts: { folder: RunFolder; network: Network; repository: FleetRepository; hosts: readonly TestHost[] }) {
    this.folder = parts.folder;
    this.network = parts.network;
    this.repository = parts.repository;
    this.hosts = parts.hosts;
  }

  get data(): string {
    return join(this.folder.path, 'hub');
  }

  host(name: string): TestHost {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }

  async startGit(): Promise<void> {
    const git = new Program({
      namespace: this.network.hub,
      command: process.execPath,
      args: [join(import.meta.dirname, 'git-http.mjs'), this.folder.path, TOKEN, HUB_ADDRESS, String(GIT_PORT)],
      log: join(this.folder.path, 'git.log'),
    });
    this.git = git;
    await eventually('the Git server listens', () => wanted(git.output.includes('ready'), git.output));
  }

  /** Starts the hub and waits until it answers. */
  async startHub(...flags: string[]): Promise<void> {
    const tokenFile = join(this.folder.path, 'token');
    writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
    const usual = [...TEST_PACE, ['--nats-server', toolPath('MOORING_NATS_SERVER')]];
    const hub = new Program({
      namespace: this.network.hub,
      command: process.execPath,
      args: [
        MOORING,
        'hub',
        '--data',
        this.data,
        '--repo',
        `http://${HUB_ADDRESS}:${GIT_PORT}/fleet/.git`,
        '--branch',
        'main',
        '--token-file',
        tokenFile,
        ...usual.filter(([name = '']) => !flags.includes(name)).flat(),
        ...flags,
      ],
      env: this.hubEnvironment,
      log: join(this.folder.path, 'hub.log'),
    });
    this.hub = hub;
    await eventually('the hub answers', async () => {
      // One that has ended never will.
      if (hub.running) wanted((await this.mooring('status')).code === 0, hub.output);
    });
    wanted(hub.running, hub.output);
  }

  /** Runs the CLI against this fleet's hub. */
  mooring(...args: string[]): Promise<Ended> {
    return finish(process.execPath, [MOORING, '--hub', `unix:${join(this.data, 'hub.sock')}`, ...args]);
  }

  /** Runs the CLI as a person elsewhere does: over the network, with a context's certificate. */
  mooringFrom(context: string, ...args: string[]): Promise<Ended> {
    return this.inHubNetwork(process.execPath, MOORING, '--context', context, ...args);
  }

  /** Runs any program in the network of the hub. */
  inHubNetwork(command: string, ...args: string[]): Promise<Ended> {
    return finish('nsenter', [`--net=/run/netns/${this.network.hub}`, command, ...args]);
  }

  /** What the CLI prints as JSON; throws when it fails. */
  async json(...args: string[]) {
    const ended = await this.mooring(...args, '-o', 'json');
    if (ended.stdout === '') throw new Error(`mooring ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`);
    return JSON.parse(ended.stdout);
  }

  /** The newest events that the hub stored, oldest first. */
  async events(): Promise<FleetEvent[]> {
    const ended = await this.mooring('events', '--limit', '1000', '-o', 'json');
    if (ended.code !== 0) throw new Error(`mooring events ended with ${ended.code}: ${ended.stderr}`);
    const lines = ended.stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line));
  }

  /** Commits, and waits until every host of the commit runs it. */
  async moor(message: string, files: Readonly<Record<string, string | null>>): Promise<string> {
    const commit = this.repository.commit(message, files);
    const synced = await this.mooring('sync');
    if (synced.code !== 0)
      throw new Error(`sync: ${synced.stdout}${synced.stderr}${(await this.mooring('status')).stdout}`);
    const waited = await this.mooring('wait', '--revision', commit, '--timeout', '180s');
    if (waited.code !== 0)
      throw new Error(
        `wait: ${waited.stdout}${(await this.mooring('status')).stdout}${this.hosts.map((host) => host.agent?.output.slice(-1500)).join('\n')}`,
      );
    return commit;
  }

  /** Invites a host and joins it. */
  async join(host: TestHost, labels: Readonly<Record<string, string>>): Promise<void> {
    const flags = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
    const { join: joinString } = await this.json('invite', host.name, ...flags);
    const joined = await host.run('join', joinString);
    if (joined.code !== 0) throw new Error(`join ${host.name}: ${joined.stderr}`);
    host.startAgent();
  }

  /** What a page of a host says, asked from the hub's network. */
  fetch(host: TestHost, port: number, path = '/'): Promise<string> {
    return ask(this.network.hub, `http://${host.address}:${port}${path}`);
  }

  /** Stops everything and removes every trace. */
  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.agent?.stop()));
    await this.hub?.stop();
    await this.git?.stop();
    await Promise.all(this.hosts.map((host) => host.engine.close()));
    await this.network.close();
    await removeRunFolder(this.folder.path);
  }
}

/** One host: a network namespace, an engine, an agent. */
export class TestHost {
  readonly name: string;
  readonly address: string;
  readonly engine: Engine;
  readonly namespace: string;
  readonly #folder: string;
  agent: Program | undefined;
  /** Through which socket its agent reaches the engine. */
  agentSocket: string;
  /** The program that its agent is. */
  agentProgram = AGENT;
  /** Runs the agent: nothing, or a program and its arguments that begin it under other conditions and with the same process id. */
  agentPrefix: readonly string[] = [];

  constructor(parts: { name: string; address: string; namespace: string; folder: string; engine: Engine }) {
    this.name = parts.name;
    this.address = parts.address;
    this.engine = parts.engine;
    this.agentSocket = parts.engine.socket;
    this.namespace = parts.namespace;
    this.#folder = parts.folder;
  }

  get data(): string {
    return join(this.#folder, 'agent');
  }

  startAgent(env: Readonly<Record<string, string>> = {}, ...flags: string[]): void {
    const program = [process.execPath, this.agentProgram, 'run', '--data', this.data, '--docker', this.agentSocket];
    const [command = '', ...args] = [...this.agentPrefix, ...program, '--log-level', 'debug', ...flags];
    this.agent = new Program({
      namespace: this.namespace,
      command,
      args,
      env,
      log: join(this.#folder, 'agent.log'),
    });
  }

  /** Runs a command of the agent on this host. */
  run(command: string, ...args: string[]): Promise<Ended> {
    const flags = [command, ...args, '--data', this.data];
    return finish('nsenter', [`--net=/run/netns/${this.namespace}`, process.execPath, AGENT, ...flags]);
  }

  /** Names of all containers, sorted. */
  async containers(): Promise<string[]> {
    const containers = await this.engine.docker.listContainers({ all: true });
    return containers.map(({ Names }) => (Names[0] ?? '').slice(1)).sort();
  }

  /** When each running container was started: what must not change without need. */
  async startTimes(): Promise<Record<string, string>> {
    const inspected = await Promise.all(
      (await this.containers()).map((name) => this.engine.docker.getContainer(name).inspect()),
    );
    return Object.fromEntries(inspected.map(({ Name, State }) => [Name.slice(1), State.StartedAt]));
  }
}

/** Starts a fleet: engines side by side, then Git, hub and agents. What was started is removed again when a part fails. */
export async function startFleet(
  wishes: readonly HostOptions[],
  files: Readonly<Record<string, string>>,
): Promise<Fleet> {
  const folder = await makeRunFolder();
  const network = await startNetwork(folder, wishes.length);
  const repository = new FleetRepository(join(folder.path, 'fleet'));
  const hosts = wishes.map(({ name, engine: version, insecureRegistries, configuration }, index) => {
    const { namespace, address } = network.host(index);
    const own = join(folder.path, name);
    mkdirSync(own);
    return new TestHost({
      name,
      address,
      namespace,
      folder: own,
      engine: new Engine({ folder: join(own, 'engine'), namespace, version, insecureRegistries, configuration }),
    });
  });
  const fleet = new Fleet({ folder, network, repository, hosts });
  try {
    repository.commit('first', files);
    const [tar] = await Promise.all([makeRootFileSystem(folder.path), ...hosts.map(({ engine }) => engine.start())]);
    await Promise.all(hosts.map(({ engine }) => importImages(engine.socket, tar)));
    const made = await finish(process.execPath, [
      MOORING,
      'init',
      '--data',
      fleet.data,
      '--fleet',
      'test',
      '--address',
      HUB_ADDRESS,
      '--port',
      String(PORTS.grpc),
    ]);
    if (made.code !== 0) throw new Error(`init: ${made.stderr}`);
    await fleet.startGit();
    await fleet.startHub();
    await Promise.all(
      wishes.map(async ({ name, labels = {}, joined = true }) =>
        joined ? fleet.join(fleet.host(name), labels) : undefined,
      ),
    );
    return fleet;
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

function wanted(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise.slice(-1500));
}
