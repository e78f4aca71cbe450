import {
  type Change,
  type ContainerDetails,
  type CreateBody,
  type Endpoint,
  type Engine,
  engineError,
  FakeEngine,
  said,
  unresponsive,
} from '@mooring/agent/fakes';
import { LABELS } from '@mooring/proto';
import type { ContainerFact, History } from './history.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';

/** Milliseconds after which a call that is not answered is given up, as the edge to a real engine does. */
const DEADLINE_MS = 30_000;

/** How an engine is at the moment; shares are of its calls. */
export interface EngineWeather {
  /** It does not run. */
  down: boolean;
  /** It takes calls and answers none. */
  hung: boolean;
  failing: number;
  /** It does what it is asked, and the answer is lost or comes too late. */
  unanswered: number;
  eventsLost: boolean;
  registryDown: boolean;
}

export const FAIR_ENGINE: Readonly<EngineWeather> = {
  down: false,
  hung: false,
  failing: 0,
  unanswered: 0,
  eventsLost: false,
  registryDown: false,
};

/** The engine of one host: it outlives the agents, and is what humans touch. */
export class SimEngine {
  readonly real: FakeEngine;
  readonly weather: EngineWeather = { ...FAIR_ENGINE };
  readonly host: string;
  /** Wrong on purpose: stands in front of the engine. */
  distort: ((engine: Engine) => Engine) | undefined;
  readonly #history: History;
  readonly #random: Random;
  readonly #clock: () => number;
  readonly #isSound: (path: string) => boolean;
  /** Containers that mount what somebody wrote by hand, since they were started. */
  readonly stale = new Set<string>();
  #subscriptions = new AbortController();

  constructor({ host, history, random, clock, isSound }: SimEngineParts) {
    this.#isSound = isSound;
    this.host = host;
    this.#history = history;
    this.#random = random;
    this.#clock = clock;
    this.real = new FakeEngine(() => random.hex(64));
  }

  /** The engine as one run of an agent reaches it. Throws ENGINE_UNREACHABLE. */
  async open(life: Life): Promise<Engine> {
    const connection = new Connection(this, life, this.#random);
    await connection.describe();
    return this.distort?.(connection) ?? connection;
  }

  /** Somebody or something works on the engine, at its time; what changed goes down in history. */
  async work<T>(by: ContainerFact['by'], changes: Mutation | undefined, work: () => Promise<T>): Promise<T> {
    this.real.nowMs = this.#clock();
    const before = changes === undefined ? undefined : await this.real.inspectContainer(changes.container);
    const answer = await work();
    if (changes?.action === 'start' || changes?.action === 'restart') await this.noteMounts(changes.container);
    const subject = typeof answer === 'string' ? answer : changes?.container;
    const details = before ?? (subject === undefined ? undefined : await this.real.inspectContainer(subject));
    if (changes !== undefined && details !== undefined) this.#note(by, changes.action, details);
    for (const change of this.real.changed.splice(0)) {
      const volume = change.split('destroy volume ')[1];
      if (volume !== undefined) this.#history.add({ kind: 'volume-destroyed', host: this.host, name: volume });
    }
    return answer;
  }

  /** It stops and starts again: containers end, those with a policy run again, and nobody is told. */
  async restart(): Promise<void> {
    this.#history.add({ kind: 'touched', host: this.host, id: '' });
    for (const { id } of await this.real.listContainers()) {
      const details = await this.real.inspectContainer(id);
      if (details?.status !== 'running') continue;
      await this.work('engine', { action: 'exit', container: id }, async () => this.real.exit(id, 137));
      if (details.restartPolicy === 'always' || details.restartPolicy === 'unless-stopped')
        await this.work('engine', { action: 'start', container: id }, () => this.real.startContainer(id));
    }
    this.dropSubscriptions();
  }

  /** A container keeps what it mounted at its start, whatever takes its place later. */
  async noteMounts(id: string): Promise<void> {
    const details = await this.real.inspectContainer(id);
    const sources = (details?.inspected.Mounts ?? []).flatMap(({ Type, Source }) =>
      Type === 'bind' ? (Source ?? []) : [],
    );
    if (sources.every((source) => this.#isSound(source))) this.stale.delete(id);
    else this.stale.add(id);
  }

  /** What is behind mounts was written over: what runs goes on with that, also when something else takes its place. */
  async noteStale(): Promise<void> {
    for (const { id } of await this.real.listContainers()) {
      if (this.stale.has(id) || (await this.real.inspectContainer(id))?.status !== 'running') continue;
      await this.noteMounts(id);
    }
  }

  dropSubscriptions(): void {
    this.#subscriptions.abort();
    this.#subscriptions = new AbortController();
  }

  get subscriptions(): AbortSignal {
    return this.#subscriptions.signal;
  }

  #note(by: ContainerFact['by'], action: string, details: ContainerDetails): void {
    if (by !== 'agent') this.#history.add({ kind: 'touched', host: this.host, id: details.id });
    const label = (name: string) => details.labels[name] ?? '';
    this.#history.add({
      kind: 'container',
      host: this.host,
      by,
      action,
      id: details.id,
      name: details.name,
      stack: label(LABELS.stack),
      service: label(LABELS.service),
      replica: Number(label(LABELS.replica) || 0),
      spec: label(LABELS.spec),
    });
  }
}

interface SimEngineParts {
  readonly host: string;
  readonly history: History;
  readonly random: Random;
  readonly clock: () => number;
  /** Whether what is mounted from there is what it should be. */
  readonly isSound: (path: string) => boolean;
}

/** What a call does to which container. */
export interface Mutation {
  readonly action: string;
  /** Id or name. */
  readonly container: string;
}

/** The way from one run of an agent to the engine: it takes time, and the end of the agent cuts it off anywhere. */
class Connection implements Engine {
  readonly manyNetworksAtCreate = true;
  readonly makesMountpoints = true;
  readonly #engine: SimEngine;
  readonly #life: Life;
  readonly #random: Random;

  constructor(engine: SimEngine, life: Life, random: Random) {
    this.#engine = engine;
    this.#life = life;
    this.#random = random;
  }

  describe = () => this.#ask('describe the engine', () => this.#real.describe());
  listContainers = () => this.#ask('list containers', () => this.#real.listContainers());
  inspectContainer = (id: string) => this.#ask('inspect a container', () => this.#real.inspectContainer(id));
  listNetworks = () => this.#ask('list networks', () => this.#real.listNetworks());
  attachedTo = (network: string) => this.#ask('inspect a network', () => this.#real.attachedTo(network));
  listVolumes = () => this.#ask('list volumes', () => this.#real.listVolumes());
  inspectImage = (id: string) => this.#ask('inspect an image', () => this.#real.inspectImage(id));
  imageId = (reference: string) => this.#ask('look for an image', () => this.#real.imageId(reference));
  createNetwork = (body: Parameters<Engine['createNetwork']>[0]) =>
    this.#ask(`create network ${body.Name}`, () => this.#real.createNetwork(body));
  removeNetwork = (id: string) => this.#ask('remove a network', () => this.#real.removeNetwork(id));
  createVolume = (volume: Parameters<Engine['createVolume']>[0]) =>
    this.#ask(`create volume ${volume.name}`, () => this.#real.createVolume(volume));
  createContainer = (name: string, body: CreateBody) =>
    this.#change({ action: 'create', container: '' }, () => this.#real.createContainer(name, body));
  startContainer = (id: string) =>
    this.#change({ action: 'start', container: id }, async () => {
      // The edge takes "started already" for an answer.
      if ((await this.#real.inspectContainer(id))?.status !== 'running') await this.#real.startContainer(id);
    });
  unpauseContainer = (id: string) =>
    this.#change({ action: 'unpause', container: id }, () => this.#real.unpauseContainer(id));
  restartContainer = (id: string) =>
    this.#change({ action: 'restart', container: id }, () => this.#real.restartContainer(id));
  updateContainer = (id: string, changes: Readonly<Record<string, unknown>>) =>
    this.#change({ action: 'update', container: id }, () => this.#real.updateContainer(id, changes));
  runCommand = (id: string, command: Parameters<Engine['runCommand']>[1]) =>
    this.#change({ action: 'run a command in', container: id }, () => this.#real.runCommand(id, command));
  renameContainer = (id: string, name: string) =>
    this.#change({ action: 'rename', container: id }, () => this.#real.renameContainer(id, name));
  removeContainer = (id: string) =>
    this.#change({ action: 'remove', container: id }, () => this.#real.removeContainer(id));
  connectNetwork = (network: string, container: string, endpoint: Endpoint) =>
    this.#change({ action: 'connect', container }, () => this.#real.connectNetwork(network, container, endpoint));
  disconnectNetwork = (network: string, container: string) =>
    this.#change({ action: 'disconnect', container }, () => this.#real.disconnectNetwork(network, container));

  async stopContainer(id: string): Promise<void> {
    const isRunning = (await this.#real.inspectContainer(id))?.status === 'running';
    const mutation = isRunning ? { action: 'stop', container: id } : undefined;
    await this.#call('stop a container', mutation, () => this.#real.stopContainer(id), this.#random.between(50, 3_000));
  }

  async pullImage(reference: string): Promise<void> {
    const takesMs = this.#random.between(200, 8_000);
    await this.#call(
      `pull image ${reference}`,
      undefined,
      async () => {
        if (this.#engine.weather.registryDown)
          throw engineError(`pull image ${reference}`, said(500, 'registry: connection refused'), 'IMAGE_PULL_FAILED');
        await this.#real.pullImage(reference);
      },
      takesMs,
    );
  }

  async *changes(label: string, signal: AbortSignal): AsyncGenerator<readonly Change[], void, undefined> {
    await this.#ask('follow events', async () => undefined);
    const ended = AbortSignal.any([signal, this.#life.signal, this.#engine.subscriptions]);
    for await (const burst of this.#real.changes(label, ended)) {
      if (ended.aborted) return;
      await this.#life.later(this.#random.between(1, 20));
      if (!this.#engine.weather.eventsLost) yield burst;
    }
  }

  get #real(): FakeEngine {
    return this.#engine.real;
  }

  #ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    return this.#call(what, undefined, work);
  }

  #change<T>(mutation: Mutation, work: () => Promise<T>): Promise<T> {
    return this.#call(`${mutation.action} a container`, mutation, work);
  }

  /** There, the work, and back; each of the three may fail. */
  async #call<T>(
    ...[what, mutation, work, takesMs = 0]: [string, Mutation | undefined, () => Promise<T>, number?]
  ): Promise<T> {
    const { weather } = this.#engine;
    this.#life.boundary();
    await this.#life.later(this.#random.between(1, 8));
    if (weather.down) throw refused(what);
    if (weather.hung) return await this.#hang(what);
    if (this.#random.chance(weather.failing)) throw engineError(what, said(500, 'something went wrong in the engine'));
    if (takesMs > 0) await this.#life.later(takesMs);
    this.#life.boundary();
    const answer = await this.#engine.work('agent', mutation, work);
    this.#life.boundary();
    if (this.#random.chance(weather.unanswered)) {
      if (this.#random.chance(0.5)) return await this.#hang(what);
      throw refused(what);
    }
    await this.#life.later(this.#random.between(1, 8));
    if (weather.down) throw refused(what);
    return answer;
  }

  async #hang(what: string): Promise<never> {
    await this.#life.later(DEADLINE_MS);
    throw unresponsive(what, DEADLINE_MS);
  }
}

function refused(what: string): Error {
  return engineError(what, Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
}
