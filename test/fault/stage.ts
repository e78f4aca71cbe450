import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { type Fleet, PORTS, startFleet, type TestHost } from '../support/fleet.ts';
import { HUB_ADDRESS } from '../support/network.ts';
import { type EngineEvent, Witness } from '../support/witness.ts';
import { EngineFaults } from './engine-fault.ts';
import { Line } from './line.ts';
import { must } from './row.ts';

/** What the hub says of a host, as far as rows look at it (`mooring host -o json`). */
export interface HubView {
  readonly online: boolean;
  readonly sync: string;
  readonly health: string;
  readonly reason: string;
  readonly lastSeenAgeMs: string;
  readonly assignedGeneration: string;
  readonly state?: {
    readonly acceptedGeneration?: string;
    readonly problem?: { readonly code: string; readonly message: string };
    readonly refusal?: { readonly code: string; readonly message: string };
  };
}

/** The service that commits change; `calm` is touched by none, so that nothing may ever stop it. */
export const APP = 'shop-app-1';
export const CALM = 'shop-calm-1';
/** Runs on web-1 alone, in a stack of its own. */
export const ASIDE = 'side-aside-1';

const HEALTHCHECK = 'healthcheck: { test: "true", interval: 500ms }';
/** Ports of the hub's machine that engines ask for images without TLS: the registry, and one that refuses. */
export const REGISTRY_PORT = 5000;
export const REFUSING_PORT = 5001;

const PLAIN = 'local/plain:1';
const SHOP = (version: number, { more = '', below = '', image = PLAIN }: Change = {}) =>
  `services:
  app:
    image: ${image}
    environment: { VERSION: "${version}" }
    ${HEALTHCHECK}
    stop_grace_period: 0s
    volumes: [kept:/data]
    ${more}
  calm:
    image: local/plain:1
    ${HEALTHCHECK}
    stop_grace_period: 0s
volumes: { kept: {} }
${below}
`;
/** The stack of ASIDE. */
export const SIDE = `services:
  aside:
    image: local/plain:1
    ${HEALTHCHECK}
    stop_grace_period: 0s
`;
const FLEET = `version: 1
stacks:
  shop: { hosts: role=web }
  side: { hosts: [web-1] }
`;
/** What a commit changes of `app`. */
export interface Change {
  /** Added to the service. */
  readonly more?: string;
  /** Added to the file. */
  readonly below?: string;
  readonly image?: string;
}

/** Until everything is as it should be after a fault: retries wait up to a minute, and the machine is busy. */
const WELL_DEADLINE_MS = 150_000;

/** A small real fleet on which faults play: one hub, its broker, Git, and two hosts whose agents reach their engine through a proxy. */
export class Stage {
  readonly fleet: Fleet;
  readonly #engines = new Map<string, EngineFaults>();
  readonly #witnesses = new Map<string, Witness>();
  #undo: (() => Promise<void> | void)[] = [];
  #version = 1;
  #seed: number;

  private constructor(fleet: Fleet, seed: number) {
    this.fleet = fleet;
    this.#seed = seed;
  }

  static async start(seed: number): Promise<Stage> {
    const pulling = {
      insecureRegistries: [REGISTRY_PORT, REFUSING_PORT].map((port) => `${HUB_ADDRESS}:${port}`),
      // An engine tries a layer that is wrong five times and waits longer each time: the agent hears of it a minute later, and nothing else is other.
      configuration: { 'max-download-attempts': 1 },
    };
    const fleet = await startFleet(
      [
        { name: 'web-1', engine: '28', labels: { role: 'web' }, joined: false, ...pulling },
        { name: 'web-2', engine: '26', labels: { role: 'web' }, joined: false, ...pulling },
      ],
      { 'fleet.yaml': FLEET, 'stacks/shop/compose.yaml': SHOP(1), 'stacks/side/compose.yaml': SIDE },
    );
    const stage = new Stage(fleet, seed);
    try {
      for (const host of fleet.hosts) await stage.#joinHost(host);
      await stage.well();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get web1(): TestHost {
    return this.fleet.host('web-1');
  }

  get web2(): TestHost {
    return this.fleet.host('web-2');
  }

  /** What stands between a host's agent and its engine. */
  engine(host: TestHost): EngineFaults {
    const faults = this.#engines.get(host.name);
    if (faults === undefined) throw new Error(`there is nothing in front of the engine of ${host.name}`);
    return faults;
  }

  /** What an engine really did: healthchecks fill its own log within seconds. */
  witness(name: string): Witness {
    const witness = this.#witnesses.get(name);
    if (witness === undefined) throw new Error(`nobody listens to the engine of ${name}`);
    return witness;
  }

  /** Runs at the end of the row, whatever became of it; the last first. */
  after(undo: () => Promise<void> | void): void {
    this.#undo.push(undo);
  }

  /** Takes back what the row did. */
  async tidy(): Promise<void> {
    const undo = this.#undo.reverse();
    this.#undo = [];
    for (const step of undo) await step();
  }

  /** Everything is Synced and Healthy, by the hub. */
  async well(): Promise<void> {
    await eventually(
      'everything is Synced and Healthy',
      async () => {
        const { code, stdout, stderr } = await this.fleet.mooring('status', '--exit-code');
        must(code === 0, `${stdout}${stderr}`.slice(-1500));
      },
      WELL_DEADLINE_MS,
    );
  }

  /** Commits a new version of `app`; nobody is waited for. */
  commit(change: Change = {}): string {
    this.#version += 1;
    return this.fleet.repository.commit(`version ${this.#version}`, {
      'stacks/shop/compose.yaml': SHOP(this.#version, change),
    });
  }

  get version(): number {
    return this.#version;
  }

  /** Every host of the commit runs it. */
  async arrived(commit: string): Promise<void> {
    await eventually(
      `commit ${commit.slice(0, 12)} has arrived`,
      async () => {
        const { code, stdout, stderr } = await this.fleet.mooring('wait', '--revision', commit, '--timeout', '20s');
        must(code === 0, `${stdout}${stderr}`.slice(-1000));
      },
      WELL_DEADLINE_MS,
    );
  }

  /** Until the host's own engine runs that version of `app`. */
  async runs(host: TestHost, version: number): Promise<void> {
    await eventually(
      `${host.name} runs version ${version}`,
      async () => {
        const { Config, State } = await host.engine.docker.getContainer(APP).inspect();
        must(State.Running && Config.Env.includes(`VERSION=${version}`), Config.Env.join(' '));
      },
      WELL_DEADLINE_MS,
    );
  }

  async view(host: TestHost): Promise<HubView> {
    return (await this.fleet.json('host', host.name)).host;
  }

  /** Until what the hub says of a host is so. */
  seen(host: TestHost, what: string, holds: (view: HubView) => boolean): Promise<HubView> {
    return eventually(
      `the hub says of ${host.name}: ${what}`,
      async () => {
        const view = await this.view(host);
        must(
          holds(view),
          JSON.stringify({ ...view, state: { ...view.state, engine: undefined, unmanaged: undefined } }),
        );
        return view;
      },
      WELL_DEADLINE_MS,
    );
  }

  /** Removes a container as a human would. */
  async removeByHand(host: TestHost, name: string): Promise<void> {
    await host.engine.docker.getContainer(name).remove({ force: true });
  }

  /** Until a container runs (again). */
  async running(host: TestHost, name: string): Promise<void> {
    await eventually(
      `${name} runs on ${host.name}`,
      async () => must((await host.engine.docker.getContainer(name).inspect()).State.Running, 'it does not run'),
      WELL_DEADLINE_MS,
    );
  }

  /** Removes a container by hand; the agent brings it back. */
  async heals(host: TestHost, name = CALM): Promise<void> {
    await this.removeByHand(host, name);
    await this.running(host, name);
  }

  /** Does something during which nothing may change on the engines, by their own event logs. */
  async untouched<T>(act: () => Promise<T>, hosts: readonly TestHost[] = this.fleet.hosts): Promise<T> {
    const sinceMs = Date.now();
    for (const { name, engine } of hosts) await this.witness(name).follow(engine.docker);
    const result = await act();
    for (const { name } of hosts) {
      const changes = await this.witness(name).changesSince(sinceMs);
      must(changes.length === 0, `something was changed on ${name}: ${changes.map(inWords).join(', ')}`);
    }
    return result;
  }

  /** Lays a faulty line from a host to the hub or the broker, and has the agent connect over it. */
  async line(host: TestHost, to: keyof typeof PORTS): Promise<Line> {
    const index = this.fleet.hosts.indexOf(host);
    const line = await Line.lay({
      hubNamespace: this.fleet.network.hub,
      device: `to-h${index}`,
      port: PORTS[to],
      seed: this.#seed,
    });
    this.after(() => line.close());
    await this.restartAgent(host);
    await eventually('the agent is connected over it', async () =>
      must((await line.counts()).connections > 0, 'no connection'),
    );
    await this.well();
    return line;
  }

  async restartAgent(host: TestHost, env: Readonly<Record<string, string>> = {}, ...flags: string[]): Promise<void> {
    await host.agent?.kill();
    host.startAgent(env, ...flags);
  }

  /** The agent as it usually is, at the end of the row. */
  usualAgentAfter(host: TestHost): void {
    this.after(async () => {
      host.agentPrefix = [];
      await this.restartAgent(host);
    });
  }

  /** The hub as it usually is, at the end of the row. */
  usualHubAfter(): void {
    this.after(async () => {
      this.fleet.hubEnvironment = {};
      await this.fleet.hub?.kill();
      await this.fleet.startHub();
    });
  }

  /** Process id of the broker that the hub started. */
  brokerPid(): number {
    return Number(readFileSync(join(this.fleet.data, 'broker', 'nats.pid'), 'utf8'));
  }

  /** Until the agent of now has logged that; one that ends before it does never will. */
  async logged(host: TestHost, what: RegExp): Promise<void> {
    const { agent } = host;
    const how = await eventually(
      `the agent of ${host.name} logs ${what}`,
      () => {
        if (what.test(agent?.output ?? '')) return 'logged';
        must(agent?.running !== true, (agent?.output ?? '').slice(-800));
        return 'ended';
      },
      WELL_DEADLINE_MS,
    );
    must(how === 'logged', `the agent of ${host.name} ended: ${(agent?.output ?? '').slice(-800)}`);
  }

  async close(): Promise<void> {
    for (const engine of this.#engines.values()) engine.set(undefined);
    for (const witness of this.#witnesses.values()) witness.close();
    await this.fleet.close();
    for (const engine of this.#engines.values()) await engine.close();
  }

  async #joinHost(host: TestHost): Promise<void> {
    const socket = `${host.engine.socket}.faulty`;
    this.#engines.set(host.name, await EngineFaults.start({ socket, engine: host.engine.socket }));
    host.agentSocket = socket;
    this.#witnesses.set(host.name, await Witness.of(host.engine.docker));
    await this.fleet.join(host, { role: 'web' });
  }
}

function inWords({ type, action, name }: EngineEvent): string {
  return `${type} ${name} ${action}`;
}
