import { randomBytes } from 'node:crypto';
import { recordOf, textOf } from '../canonical/outside-data.ts';
import { FakeChanges } from './changes.fake.ts';
import { commandEnd } from './command.fake.ts';
import type {
  Change,
  CommandBody,
  CommandEnd,
  ContainerDetails,
  ContainerSummary,
  CreateBody,
  Endpoint,
  Engine,
  EngineDescription,
  NetworkBody,
  NetworkDetails,
  VolumeBody,
  VolumeDetails,
} from './engine.ts';
import { conflict, said } from './engine-answers.fake.ts';
import { engineError } from './engine-error.ts';
import { endpointOf, HeldContainer } from './held-container.fake.ts';
import { HeldImages } from './held-images.fake.ts';
import type { InspectedConfig, InspectedEndpoint } from './inspected.ts';
import { Inspections } from './inspections.ts';
import { echoedNetwork, type HeldNetwork } from './network-echo.fake.ts';
import { FakeSilences } from './silences.fake.ts';

/** An engine in memory: it keeps what it is told, and shows it as engine 28 does. It passes the contract that real engines pass. */
export class FakeEngine implements Engine {
  readonly manyNetworksAtCreate = true;
  readonly makesMountpoints = true;
  /** Every call that changed something, oldest first. */
  readonly changed: string[] = [];
  /** The engine's clock, in Unix milliseconds. */
  nowMs = 1_800_000_000_000;
  /** Images whose process ends at once, and with what. */
  readonly endsAtOnce = new Map<string, number>();
  /** Images whose healthcheck never succeeds, also where they have none. */
  readonly neverHealthy = new Set<string>();
  /** What goes by on the engine's clock while a container starts. */
  startTakesMs = 0;
  readonly #containers = new Map<string, HeldContainer>();
  readonly #networks = new Map<string, HeldNetwork>();
  readonly #volumes = new Map<string, VolumeDetails>();
  readonly #images = new HeldImages();
  readonly #changes = new FakeChanges();
  readonly #silences = new FakeSilences();
  readonly #inspections = new Inspections<ContainerDetails>({
    ask: (id) => this.#silences.question(id, () => this.#find(id)?.details()),
    named: (id) => `container ${this.#find(id)?.name ?? id.slice(0, 12)}`,
    onAnswer: (container) => this.#changes.tellAll({ container, action: 'answers' }),
  });
  readonly #newId: () => string;

  /** `newId` gives the next id: 64 hex digits that were not there before. */
  constructor(newId: () => string = () => randomBytes(32).toString('hex')) {
    this.#newId = newId;
    for (const [Name, Driver] of [
      ['bridge', 'bridge'],
      ['host', 'host'],
      ['none', 'null'],
    ] as const)
      this.#addNetwork({ Name, Driver });
  }

  /** Puts an image on the host. */
  addImage(reference: string, config: InspectedConfig): void {
    this.#images.add(reference, config);
  }

  /** Puts an image where it can be pulled from. */
  publishImage(reference: string, config: InspectedConfig): void {
    this.#images.publish(reference, config);
  }

  /** Somebody puts a tag on an image. */
  async tagImage(image: string, tag: string): Promise<void> {
    const found = this.#images.find(image);
    if (found === undefined) throw engineError(`tag image ${image}`, said(404, `No such image: ${image}`));
    this.#images.tag(found, tag);
    this.#changes.tellAll({ container: '', action: 'tag' });
  }

  /** A process of the container ends by itself. */
  exit(container: string, exitCode: number): void {
    const held = this.#held(container, 'end');
    Object.assign(held, { status: 'exited', exitCode });
    this.#changes.tell(held, 'die');
  }

  /** Nothing is said about the container, however it is asked, until `answer`. */
  silence(container: string): void {
    this.#silences.begin(this.#held(container, 'silence').id);
  }

  /** Whoever asks about the container hears an error, until `answer`. */
  failAbout(container: string, message: string): void {
    this.#silences.fail(this.#held(container, 'fail about').id, message);
  }

  /** Whoever looks at the image hears an error; an empty one ends it. */
  failAboutImage(reference: string, message: string): void {
    this.#images.fail(reference, message);
  }

  /** Answers about the container, also what was asked meanwhile. */
  answer(container: string): void {
    this.#silences.end(this.#held(container, 'answer').id);
  }

  /** How often it was asked about the container. */
  asked(container: string): number {
    return this.#silences.asked.get(this.#held(container, 'count').id) ?? 0;
  }

  async pause(container: string): Promise<void> {
    const held = this.#held(container, 'pause');
    held.status = 'paused';
    this.#changes.tell(held, 'pause');
  }

  async describe(): Promise<EngineDescription> {
    return {
      version: '28.0.0',
      defaults: 'fake 28',
      apiVersion: '1.51',
      operatingSystem: 'Memory',
      architecture: 'x86_64',
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
    };
  }

  async listContainers(): Promise<readonly ContainerSummary[]> {
    return [...this.#containers.values()].map((held) => {
      const { id, name, labels, hostPorts } = held.details();
      return { id, name, labels, hostPorts: held.isRunning ? hostPorts : [], addresses: held.addresses };
    });
  }

  async inspectContainer(id: string): Promise<ContainerDetails | undefined> {
    return await this.#inspections.inspect(this.#find(id)?.id ?? id);
  }

  async listNetworks(): Promise<readonly NetworkDetails[]> {
    return [...this.#networks.values()];
  }

  async attachedTo(network: string): Promise<readonly string[] | undefined> {
    const found = this.#network(network);
    return found === undefined ? undefined : this.#activeOn(found).map(({ id }) => id);
  }

  async listVolumes(): Promise<readonly VolumeDetails[]> {
    return [...this.#volumes.values()];
  }

  async inspectImage(id: string): Promise<InspectedConfig | undefined> {
    return this.#images.look(id)?.config;
  }

  async imageId(reference: string): Promise<string | undefined> {
    return this.#images.look(reference)?.id;
  }

  async pullImage(reference: string): Promise<void> {
    if (!this.#images.pull(reference))
      throw engineError(
        `pull image ${reference}`,
        said(404, `manifest for ${reference} not found`),
        'IMAGE_PULL_FAILED',
      );
    this.changed.push(`pull ${reference}`);
  }

  async createContainer(name: string, body: CreateBody): Promise<string> {
    const what = `create container ${name}`;
    const reference = textOf(body['Image']);
    const image = this.#images.find(reference);
    if (image === undefined) throw engineError(what, said(404, `No such image: ${reference}`));
    this.#claim(what, name);
    const id = this.#newId();
    const container = (wanted: string) => this.#held(wanted, what);
    const held = new HeldContainer({
      name,
      body,
      imageId: image.id,
      context: { id, image: image.config, container, newId: this.#newId },
    });
    for (const { Type, Name = '' } of held.mounts)
      if (Type === 'volume') await this.#makeVolume({ name: Name, driver: 'local', options: {}, labels: {} });
    this.#containers.set(id, held);
    this.#did(held, 'create');
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const held = this.#held(id, 'start');
    const what = `start container ${held.name}`;
    if (held.status === 'paused') throw conflict(what, 'cannot start a paused container, try unpause instead');
    if (held.isRunning) throw engineError(what, said(304, 'container already started'));
    this.#run(held, what);
    this.#did(held, 'start');
  }

  async stopContainer(id: string): Promise<void> {
    const held = this.#find(id);
    if (held?.isRunning !== true) return;
    Object.assign(held, { status: 'exited', exitCode: 128 + held.stopSignal });
    for (const action of [`kill ${held.stopSignal}`, 'die']) this.#changes.tell(held, action);
    this.#did(held, 'stop');
  }

  async unpauseContainer(id: string): Promise<void> {
    const held = this.#held(id, 'unpause');
    if (held.status !== 'paused')
      throw engineError(`unpause container ${held.name}`, said(500, `Container ${id} is not paused`));
    held.status = 'running';
    this.#did(held, 'unpause');
  }

  async restartContainer(id: string): Promise<void> {
    const held = this.#held(id, 'restart');
    await this.stopContainer(id);
    this.#run(held, `restart container ${held.name}`);
    this.#changes.tell(held, 'start');
    this.#did(held, 'restart');
  }

  async runCommand(id: string, command: CommandBody): Promise<CommandEnd> {
    const held = this.#held(id, 'run a command in');
    if (!held.isRunning) throw conflict(`run a command in ${held.name}`, `Container ${held.id} is not running`);
    this.changed.push(`run ${command.Cmd.join(' ')} in container ${held.name}`);
    return commandEnd(command);
  }

  async updateContainer(id: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
    const held = this.#held(id, 'update');
    const { host } = held;
    if (Number(changes['Memory'] ?? 0) > Number(host['MemorySwap']) && Number(host['MemorySwap']) > 0)
      if (!changes['MemorySwap']) throw conflict(`update container ${held.name}`, SWAP_TOO_SMALL);
    for (const [key, value] of Object.entries(changes)) {
      // To an engine 0 means "as it is"; it agrees to ulimits and forgets them.
      if (key === 'Ulimits' || value === 0 || value === '') continue;
      if (key === 'RestartPolicy' && textOf(recordOf(value)['Name']) === '') continue;
      host[key] = key === 'PidsLimit' && value === -1 ? 0 : value;
    }
    this.#did(held, 'update');
  }

  async renameContainer(id: string, name: string): Promise<void> {
    const held = this.#held(id, 'rename');
    this.#claim(`rename container ${held.name} to ${name}`, name);
    held.name = name;
    this.#did(held, 'rename');
  }

  async removeContainer(id: string): Promise<void> {
    const held = this.#find(id);
    if (held === undefined) return;
    if (held.isRunning) for (const action of ['kill 9', 'die']) this.#changes.tell(held, action);
    this.#containers.delete(held.id);
    this.#did(held, 'destroy');
  }

  async createNetwork(body: NetworkBody): Promise<string> {
    const { Name } = body;
    if ([...this.#networks.values()].some(({ name }) => name === Name))
      throw conflict(`create network ${Name}`, `network with name ${Name} already exists`);
    const id = this.#addNetwork(body);
    this.changed.push(`create network ${Name}`);
    return id;
  }

  async removeNetwork(id: string): Promise<void> {
    const found = this.#network(id);
    if (found === undefined) return;
    if (this.#activeOn(found).length > 0)
      throw engineError('remove a network', said(403, `network ${found.name} has active endpoints`));
    this.#networks.delete(found.id);
    this.changed.push(`remove network ${found.name}`);
  }

  async connectNetwork(network: string, container: string, endpoint: Endpoint): Promise<void> {
    const held = this.#held(container, 'connect');
    const what = `connect container ${held.name} to network ${network}`;
    const found = this.#network(network);
    if (found === undefined) throw engineError(what, said(404, `network ${network} not found`));
    if (held.isRunning && held.endpoints.has(found.name))
      throw engineError(what, said(403, `endpoint with name ${held.name} already exists in network ${found.name}`));
    const joined = endpointOf(endpoint, found.id);
    if (held.isRunning) this.#claimAddress(what, held, joined);
    held.endpoints.set(found.name, joined);
    this.changed.push(what);
    this.#changes.tellAll({ container: '', action: 'connect' });
  }

  async disconnectNetwork(network: string, container: string): Promise<void> {
    const held = this.#find(container);
    const name = this.#network(network)?.name ?? network;
    if (held?.endpoints.delete(name) !== true) return;
    this.changed.push(`disconnect container ${held.name} from network ${name}`);
    this.#changes.tellAll({ container: '', action: 'disconnect' });
  }

  async createVolume(volume: VolumeBody): Promise<void> {
    await this.#makeVolume(volume);
    this.changed.push(`create volume ${volume.name}`);
  }

  /** Somebody removes a volume by hand. */
  destroyVolume(name: string): void {
    if (this.#volumes.delete(name)) this.changed.push(`destroy volume ${name}`);
  }

  changes(label: string, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    return this.#changes.follow(label, signal);
  }

  #run(held: HeldContainer, what: string): void {
    for (const [name, endpoint] of held.endpoints) {
      const network = this.#network(name);
      if (network === undefined) throw engineError(what, said(404, `network ${name} not found`));
      const joined = { ...endpoint, NetworkID: network.id };
      this.#claimAddress(what, held, joined);
      held.endpoints.set(name, joined);
    }
    const owner = textOf(held.host['NetworkMode']).split('container:')[1];
    if (owner !== undefined && this.#find(owner)?.isRunning !== true)
      throw conflict(what, 'cannot join network of a non running container');
    const others = [...this.#containers.values()].filter((other) => other !== held && other.isRunning);
    const bound = new Set(others.flatMap(({ bindings }) => bindings));
    const taken = held.bindings.find((binding) => bound.has(binding));
    if (taken !== undefined) throw engineError(what, said(500, `Bind for ${taken} failed: port is already allocated`));
    Object.assign(held, { status: 'running', exitCode: 0, startedAtMs: this.nowMs });
    this.nowMs += this.startTakesMs;
    const { image } = held.details();
    held.isUnhealthy = this.neverHealthy.has(image);
    const exitCode = this.endsAtOnce.get(image);
    if (exitCode !== undefined) this.exit(held.id, exitCode);
  }

  #claimAddress(what: string, held: HeldContainer, { NetworkID, IPAMConfig }: InspectedEndpoint): void {
    const others = [...this.#containers.values()].filter((other) => other !== held);
    const isTaken = others.some(({ addresses }) =>
      addresses.some(({ network, address }) => network === NetworkID && address === IPAMConfig?.IPv4Address),
    );
    if (isTaken) throw engineError(what, said(403, 'Address already in use'));
  }

  #claim(what: string, name: string): void {
    const holder = this.#find(name);
    if (holder === undefined || holder.name !== name) return;
    throw conflict(what, `Conflict. The container name "/${name}" is already in use by container "${holder.id}"`);
  }

  #find(reference: string): HeldContainer | undefined {
    return this.#containers.get(reference) ?? [...this.#containers.values()].find(({ name }) => name === reference);
  }

  #held(reference: string, what: string): HeldContainer {
    const held = this.#find(reference);
    if (held !== undefined) return held;
    throw engineError(`${what} container ${reference.slice(0, 12)}`, said(404, `No such container: ${reference}`));
  }

  #network(reference: string): HeldNetwork | undefined {
    return this.#networks.get(reference) ?? [...this.#networks.values()].find(({ name }) => name === reference);
  }

  #activeOn({ name }: HeldNetwork): readonly HeldContainer[] {
    return [...this.#containers.values()].filter((held) => held.isRunning && held.endpoints.has(name));
  }

  #addNetwork(body: NetworkBody): string {
    const id = this.#newId();
    const labels = { ...recordOf(body['Labels']) } as Record<string, string>;
    const inspected = echoedNetwork(body, this.#networks.size);
    this.#networks.set(id, { id, name: body.Name, labels, inspected });
    return id;
  }

  async #makeVolume({ name, driver, options, labels }: VolumeBody): Promise<void> {
    if (this.#volumes.has(name)) return;
    const inspected = { Driver: driver || 'local', Options: Object.keys(options).length === 0 ? null : options };
    this.#volumes.set(name, { id: name, name, labels, inspected });
  }

  #did(held: HeldContainer, action: string): void {
    this.changed.push(`${action} container ${held.name}`);
    this.#changes.tell(held, action);
  }
}

const SWAP_TOO_SMALL =
  'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time';
