import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectHub } from '@mooring/hub';
import { eventually } from '../support/eventually.ts';
import { Program } from '../support/program.ts';
import { type Ended, finish } from '../support/run.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { ROOT, toolPath } from '../support/tools.ts';
import { HostileRepository } from './hostile-repository.ts';
import type { Taker } from './row.ts';

export const MOORING = join(ROOT, 'hub', 'bin', 'mooring.js');
export const AGENT = join(ROOT, 'agent', 'bin', 'mooring-agent.js');
const PROBE = join(import.meta.dirname, 'probe.mjs');
const MIB = 2 ** 20;
/** What one input may add to a hub at its peak: ten times the largest input, and room for the collector of garbage to be late. */
const HUB_GROWTH_BYTES = 128 * MIB;
/** The same of an agent, whose heap is bounded to 64 MiB. */
const AGENT_GROWTH_BYTES = 64 * MIB;

/** The stack that is good. */
export const GOOD_COMPOSE = 'services: { web: { image: "web:1", volumes: ["./www:/www:ro"] } }\n';
export const GOOD_FLEET = 'version: 1\nstacks: { shop: { hosts: [web-1] } }\n';
export const SHOP = 'stacks/shop/compose.yaml';
export const WWW = 'stacks/shop/www';

/** Ports of a fleet, as `init` chose them. */
interface Ports {
  readonly grpc: number;
  readonly join: number;
  readonly nats: number;
}

/** A hub with its broker and repository, and one host that has joined: the real programs, and no engine. */
export class Place {
  readonly folder: string;
  readonly repository: HostileRepository;
  readonly ports: Ports;
  readonly hub: Program;
  readonly clients: ReturnType<typeof connectHub>;
  agent: Program | undefined;

  private constructor(parts: { folder: string; repository: HostileRepository; ports: Ports; hub: Program }) {
    this.folder = parts.folder;
    this.repository = parts.repository;
    this.ports = parts.ports;
    this.hub = parts.hub;
    this.clients = connectHub({ socketPath: join(this.data, 'hub.sock') });
  }

  static async start(): Promise<Place> {
    const { path: folder } = await makeRunFolder();
    const repository = new HostileRepository(join(folder, 'fleet'));
    repository.commit('first', { 'fleet.yaml': GOOD_FLEET, [SHOP]: GOOD_COMPOSE, [`${WWW}/index.html`]: 'hello\n' });
    const data = join(folder, 'hub');
    const made = await initFleet(data);
    const hub = new Program({
      command: process.execPath,
      args: [MOORING, 'hub', ...hubFlags(data, repository.path)],
      env: probed(join(folder, 'hub.probe')),
      log: join(folder, 'hub.log'),
    });
    const place = new Place({ folder, repository, ports: made, hub });
    await eventually('the hub answers', async () => {
      if (!hub.running) throw new Error(hub.output);
      await place.clients.fleet.getHub({});
    });
    return place;
  }

  get data(): string {
    return join(this.folder, 'hub');
  }

  /** Folder of an agent. */
  host(name: string): string {
    return join(this.folder, name);
  }

  get hubTaker(): Taker {
    const { hub, folder } = this;
    return {
      name: 'the hub',
      pid: () => hub.pid,
      running: () => hub.running,
      probe: join(folder, 'hub.probe'),
      growthBytes: HUB_GROWTH_BYTES,
    };
  }

  get agentTaker(): Taker {
    return {
      name: 'the agent',
      pid: () => this.agent?.pid ?? 0,
      running: () => this.agent?.running ?? false,
      probe: join(this.folder, 'agent.probe'),
      growthBytes: AGENT_GROWTH_BYTES,
    };
  }

  /** Runs the CLI against this hub. */
  mooring(...args: string[]): Promise<Ended> {
    return finish(process.execPath, [MOORING, '--hub', `unix:${join(this.data, 'hub.sock')}`, ...args]);
  }

  /** Invites a host and returns the line to paste. */
  async invite(host: string, ...flags: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.mooring('invite', host, ...flags, '-o', 'json');
    if (code !== 0) throw new Error(`invite: ${stderr}`);
    return JSON.parse(stdout).join;
  }

  /** Joins a host with the real agent. */
  async join(host: string): Promise<void> {
    const joined = await agentCommand(this.host(host), 'join', await this.invite(host));
    if (joined.code !== 0) throw new Error(`join: ${joined.stderr}`);
  }

  /** Starts the agent of a host; there is no engine where it looks for one. */
  startAgent(host: string): void {
    const data = this.host(host);
    this.agent = new Program({
      command: process.execPath,
      args: [AGENT, 'run', '--data', data, '--docker', join(this.folder, 'none.sock')],
      env: probed(join(this.folder, 'agent.probe')),
      log: this.agentLog,
    });
  }

  get agentLog(): string {
    return join(this.folder, 'agent.log');
  }

  get fleetId(): string {
    return JSON.parse(readFileSync(join(this.data, 'fleet.json'), 'utf8')).id;
  }

  /** PEM texts of a host that has joined. */
  credentials(host: string): { cert: string; key: string; ca: string } {
    const read = (name: string) => readFileSync(join(this.host(host), 'identity', name), 'utf8');
    return { cert: read('tls.crt'), key: read('tls.key'), ca: read('ca.crt') };
  }

  /** A new empty folder. */
  scratch(name: string): string {
    const path = join(this.folder, 'scratch', name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async close(): Promise<void> {
    this.clients.close();
    await this.agent?.stop();
    await this.hub.stop();
    await removeRunFolder(this.folder);
  }
}

/** Flags of a hub that asks its repository only when it is told to. */
export function hubFlags(data: string, repo: string): string[] {
  const paces = ['--poll', '1h', '--heartbeat', '1s'];
  return [
    '--data',
    data,
    '--repo',
    repo,
    '--branch',
    'main',
    ...paces,
    '--nats-server',
    toolPath('MOORING_NATS_SERVER'),
  ];
}

/** Makes a fleet on ports that are free. */
export async function initFleet(data: string): Promise<Ports> {
  const made = await finish(process.execPath, [
    MOORING,
    'init',
    ...['--data', data, '--fleet', 'inputs', '--address', '127.0.0.1', '--port', '0', '-o', 'json'],
  ]);
  if (made.code !== 0) throw new Error(`init: ${made.stderr}`);
  return JSON.parse(made.stdout).ports;
}

/** Runs a command of an agent to its end. */
export function agentCommand(data: string, command: string, ...args: string[]): Promise<Ended> {
  return finish(process.execPath, [AGENT, '--data', data, '--docker', join(data, 'none.sock'), command, ...args]);
}

function probed(file: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${PROBE}`, MOORING_INPUTS_PROBE: file };
}
