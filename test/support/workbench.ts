import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assessment, Desired } from '@mooring/agent';
import type { Bundle, Drift } from '@mooring/proto';
import { type BenchAgent, startBenchAgent } from './bench-agent.ts';
import { toText } from './bench-desired.ts';
import { Engine, type EngineOptions, type EngineVersion } from './engine.ts';
import { importImages, makeRootFileSystem } from './images.ts';
import { type Network, startNetwork } from './network.ts';
import { type Ended, finish } from './run.ts';
import { makeRunFolder, type RunFolder, removeRunFolder } from './run-folder.ts';
import { Witness } from './witness.ts';

const PROCESS = join(import.meta.dirname, 'bench-process.ts');

/** An agent's own parts over a real engine, without hub and broker: what it is asked for is handed to it. */
export interface Workbench {
  readonly engine: Engine;
  /** Its engine is in the network of host 0. */
  readonly network: Network;
  readonly folder: RunFolder;
  /** What the agent told, oldest first. */
  readonly events: string[];
  /** Hears all that happens on the engine. */
  readonly witness: Witness;
  /** Reconciles until nothing is left to do, or says what is. */
  settle(desired: Desired): Promise<Assessment>;
  /** One pass. */
  pass(desired: Desired): Promise<Assessment>;
  /** Brings what a bundle mounts to the agent's disk, as receiving it does. */
  stage(bundle: Bundle, contents: ReadonlyMap<string, Uint8Array>): void;
  /** A new process over the same folder, which reaches the engine through that socket. */
  restartAgent(socket?: string): Promise<void>;
  /** A new process whose record is gone. */
  loseRecord(): Promise<void>;
  /** Settles in a process of its own, in the network of the engine, and says how that ended; a new agent over the same folder goes on from there. */
  settleApart(bundles: readonly Bundle[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Stops the engine and starts it again on the same data, with another version or configuration where one is named. */
  restartEngine(change?: EngineChange): Promise<void>;
  close(): Promise<void>;
}

/** What may change of an engine while its data stay. */
type EngineChange = Partial<Pick<EngineOptions, 'version' | 'configuration'>>;

/** How a bench differs from the usual one. */
export interface BenchOptions extends Pick<EngineOptions, 'configuration'> {
  readonly insecureRegistries?: readonly string[];
  /** Prepares the folder of the engine before it starts. */
  readonly prepare?: (engineFolder: string) => Promise<void>;
}

/** Starts a bench with its own engine and images. What was started is removed again when a part fails. */
export async function startWorkbench(version: EngineVersion, options: BenchOptions = {}): Promise<Workbench> {
  const folder = await makeRunFolder();
  const network = await startNetwork(folder, 1);
  const bench = new StartedBench({ folder, network, version, options });
  try {
    await bench.start();
    return bench;
  } catch (error) {
    await bench.close();
    throw error;
  }
}

interface BenchParts {
  readonly folder: RunFolder;
  readonly network: Network;
  readonly version: EngineVersion;
  readonly options: BenchOptions;
}

class StartedBench implements Workbench {
  readonly folder: RunFolder;
  readonly network: Network;
  readonly events: string[] = [];
  engine: Engine;
  readonly #parts: BenchParts;
  readonly #data: string;
  #change: EngineChange;
  #agent: BenchAgent | undefined;
  #witness: Witness | undefined;

  constructor(parts: BenchParts) {
    this.#parts = parts;
    this.folder = parts.folder;
    this.network = parts.network;
    this.#data = join(parts.folder.path, 'agent');
    this.#change = { version: parts.version, configuration: parts.options.configuration };
    this.engine = this.#engineOf(this.#change);
  }

  async start(): Promise<void> {
    const { folder, options } = this.#parts;
    mkdirSync(this.#data);
    mkdirSync(this.#engineFolder);
    await options.prepare?.(this.#engineFolder);
    const tar = await makeRootFileSystem(folder.path);
    await this.engine.start();
    await importImages(this.engine.socket, tar);
    this.#witness = await Witness.of(this.engine.docker);
    await this.#startAgent();
  }

  pass(desired: Desired): Promise<Assessment> {
    return this.#running().pass(desired);
  }

  settle(desired: Desired): Promise<Assessment> {
    return this.#running().settle(desired);
  }

  stage(bundle: Bundle, contents: ReadonlyMap<string, Uint8Array>): void {
    this.#running().stage(bundle, contents);
  }

  async restartAgent(socket?: string): Promise<void> {
    await this.#stopAgent();
    await this.#startAgent(socket);
  }

  async loseRecord(): Promise<void> {
    await this.#stopAgent();
    for (const ending of ['', '-wal', '-shm']) rmSync(join(this.#data, `agent.db${ending}`), { force: true });
    await this.#startAgent();
  }

  async settleApart(bundles: readonly Bundle[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    await this.#stopAgent();
    const file = join(this.folder.path, 'bundles.json');
    writeFileSync(file, toText(bundles));
    const { namespace } = this.network.host(0);
    const args = [`--net=/run/netns/${namespace}`, process.execPath, PROCESS, this.#data, this.engine.socket, file];
    const ended = await finish('nsenter', args, { ...process.env, ...env });
    await this.#startAgent();
    return ended;
  }

  async restartEngine(change: EngineChange = {}): Promise<void> {
    await this.engine.stop();
    this.#change = { ...this.#change, ...change };
    this.engine = this.#engineOf(this.#change);
    await this.engine.start();
    await this.witness.follow(this.engine.docker);
    await this.restartAgent();
  }

  async close(): Promise<void> {
    await this.#stopAgent();
    this.#witness?.close();
    await this.engine.close();
    await this.network.close();
    await removeRunFolder(this.folder.path);
  }

  get witness(): Witness {
    if (this.#witness === undefined) throw new Error('the engine of the bench has not started');
    return this.#witness;
  }

  get #engineFolder(): string {
    return join(this.#parts.folder.path, 'engine');
  }

  #engineOf({ version = this.#parts.version, configuration }: EngineChange): Engine {
    const { network, options } = this.#parts;
    const { insecureRegistries = [] } = options;
    return new Engine({
      folder: this.#engineFolder,
      namespace: network.host(0).namespace,
      version,
      insecureRegistries,
      configuration,
    });
  }

  #running(): BenchAgent {
    if (this.#agent === undefined) throw new Error('the agent of the bench is stopped');
    return this.#agent;
  }

  async #startAgent(socket = this.engine.socket): Promise<void> {
    this.#agent = await startBenchAgent(this.#data, { socket, events: this.events });
  }

  async #stopAgent(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.close();
  }
}

/** All drift of an assessment, as one line each. */
export function driftLines({ stacks }: Assessment): string[] {
  return stacks.flatMap(({ drift }) => drift.map(driftLine)).sort();
}

function driftLine({ name, field, desired, observed }: Drift): string {
  return `${name} ${field}: ${desired} wanted, ${observed} there`;
}
