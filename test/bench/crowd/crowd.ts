import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectHub } from '@mooring/hub';
import { eventually } from '../../support/eventually.ts';
import { FleetRepository } from '../../support/fleet-repository.ts';
import { Program } from '../../support/program.ts';
import { makeRunFolder, type RunFolder, removeRunFolder } from '../../support/run-folder.ts';
import { ROOT, toolPath } from '../../support/tools.ts';
import { Child } from './child.ts';
import type { CrowdVerbs } from './crowd-process.ts';
import { makeRoster, type Roster } from './roster.ts';

const MOORING = join(ROOT, 'hub', 'bin', 'mooring.js');
// The hub's own default; the repository is asked only when a bench says so.
const PACE = ['--heartbeat', '10s', '--poll', '600s'];
const SYNC_MS = 120_000;

/** What may be chosen of a bench with simulated agents; each has defaults of its own. */
export interface CrowdOptions {
  readonly agents?: number | undefined;
  readonly rounds?: number | undefined;
}

/** The same, chosen. */
export interface CrowdSize {
  readonly agents: number;
  readonly rounds: number;
}

type HubClient = ReturnType<typeof connectHub>;

/** A fleet of simulated agents: a folder with keys and repository, the process that the agents live in, and a real hub when one is started. */
export class Crowd {
  readonly folder: RunFolder;
  readonly roster: Roster;
  readonly repository: FleetRepository;
  readonly agents: Child<CrowdVerbs>;
  #hub: { readonly program: Program; readonly client: HubClient } | undefined;

  private constructor(folder: RunFolder, roster: Roster) {
    this.folder = folder;
    this.roster = roster;
    this.repository = new FleetRepository(join(folder.path, 'fleet'));
    const file = join(folder.path, 'roster.json');
    writeFileSync(file, JSON.stringify(roster), { mode: 0o600 });
    this.agents = new Child<CrowdVerbs>('crowd-process.ts', [file], { flags: ['--max-old-space-size=8192'] });
  }

  /** Makes the fleet; nothing but the empty process of the agents runs yet. */
  static async make(count: number): Promise<Crowd> {
    const folder = await makeRunFolder();
    try {
      const roster = await makeRoster(join(folder.path, 'hub'), count);
      return new Crowd(folder, roster);
    } catch (error) {
      await removeRunFolder(folder.path);
      throw error;
    }
  }

  get data(): string {
    return join(this.folder.path, 'hub');
  }

  get hubPid(): number {
    return this.#running().program.pid;
  }

  get client(): HubClient {
    return this.#running().client;
  }

  /** Starts the hub that users run, and waits until it answers and its broker holds everything. */
  async startHub(): Promise<void> {
    const program = new Program({
      command: process.execPath,
      args: [
        MOORING,
        'hub',
        '--data',
        this.data,
        '--repo',
        this.repository.path,
        '--branch',
        'main',
        '--listen',
        this.roster.hubAddress,
        ...PACE,
        '--log-level',
        'warn',
      ],
      env: { MOORING_NATS_SERVER: toolPath('MOORING_NATS_SERVER') },
      log: join(this.folder.path, 'hub.log'),
    });
    const client = connectHub({ socketPath: join(this.data, 'hub.sock') });
    this.#hub = { program, client };
    await eventually(
      'the hub answers',
      async () => {
        if (!program.running) throw new Error(program.output);
        const { checks } = await client.fleet.getHub({});
        if (checks.find(({ name }) => name === 'broker')?.ok !== true) throw new Error(program.output);
      },
      SYNC_MS,
    );
  }

  /** Commits files and has the hub look at once: when this resolves, every assignment is signed and on the broker. */
  async push(files: Readonly<Record<string, string>>): Promise<void> {
    this.repository.commit('change', files);
    await this.client.admin.sync({}, { deadlineMs: SYNC_MS });
  }

  async stopHub(): Promise<void> {
    const hub = this.#hub;
    this.#hub = undefined;
    hub?.client.close();
    await hub?.program.stop();
  }

  /** A folder for a bench's own, which goes with the crowd. */
  makeFolder(name: string): string {
    const path = join(this.folder.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Ends everything and removes every trace. */
  async close(): Promise<void> {
    await this.agents.end();
    await this.stopHub();
    await removeRunFolder(this.folder.path);
  }

  #running() {
    if (this.#hub === undefined) throw new Error('the hub of the crowd is not started');
    return this.#hub;
  }
}
