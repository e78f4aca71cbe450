import { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type ErrorCode, MooringError } from '@mooring/proto';
import Docker from 'dockerode';
import { ContainerAnswers } from './container-answers.ts';
import { readChanges } from './docker-changes.ts';
import type {
  Change,
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
import { engineError, isConflict, isGone, isUnchanged, unresponsive } from './engine-error.ts';
import type { InspectedConfig } from './inspected.ts';
import { Slots } from './slots.ts';

// Answers come in milliseconds; a busy engine may take seconds.
const READ_DEADLINE_MS = 15_000;
// Creating and starting unpacks and mounts; removing waits for the file system.
const CHANGE_DEADLINE_MS = 60_000;
// The container's own grace period comes on top of an ordinary change.
const STOP_DEADLINE_MS = 5 * 60_000;
// A pull that says nothing for so long is stuck.
const PULL_SILENCE_MS = 5 * 60_000;
// More at a time makes the engine slower, not faster.
const CALLS_IN_FLIGHT = 8;
/** Highest API version that this agent was tried with. */
const HIGHEST_API = [1, 51] as const;

/** Connects to the engine behind a socket. Throws ENGINE_UNREACHABLE or ENGINE_UNRESPONSIVE. */
export async function openEngine(socketPath: string): Promise<Engine> {
  const unversioned = new Docker({ socketPath });
  const { ApiVersion = '1.41' } = await deadline('ask the engine its version', { ms: READ_DEADLINE_MS }, () =>
    unversioned.version(),
  );
  const version = lower(ApiVersion);
  return new DockerEngine(new Docker({ socketPath, version: `v${version.join('.')}` }), version[1]);
}

function lower(version: string): readonly [number, number] {
  const [major = 1, minor = 41] = version.split('.').map(Number);
  return major > HIGHEST_API[0] || minor > HIGHEST_API[1] ? HIGHEST_API : [major, minor];
}

/** How long a call may take, and the code of a failure that has no better one. */
interface Limit {
  readonly ms: number;
  readonly code?: ErrorCode;
}

async function deadline<T>(what: string, limit: Limit, call: () => Promise<T>): Promise<T> {
  const { ms, code } = limit;
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(unresponsive(what, ms)), ms);
  try {
    return await Promise.race([call(), promise]);
  } catch (error) {
    throw isGone(error) || isConflict(error) || isUnchanged(error) ? error : engineError(what, error, code);
  } finally {
    clearTimeout(timer);
  }
}

class DockerEngine implements Engine {
  readonly manyNetworksAtCreate: boolean;
  readonly #docker: Docker;
  readonly #slots = new Slots(CALLS_IN_FLIGHT);
  readonly #answers = new ContainerAnswers();
  /** Names as the last list showed them: what people look for in a message. */
  #names = new Map<string, string>();

  constructor(docker: Docker, minor: number) {
    this.#docker = docker;
    this.manyNetworksAtCreate = minor >= 44;
  }

  async describe(): Promise<EngineDescription> {
    const [version, info] = await this.#call('ask the engine about itself', READ_DEADLINE_MS, () =>
      Promise.all([this.#docker.version(), this.#docker.info()]),
    );
    return {
      version: version.Version,
      apiVersion: version.ApiVersion,
      operatingSystem: String(info.OperatingSystem),
      architecture: String(info.Architecture),
      cpus: Number(info.NCPU),
      memoryBytes: Number(info.MemTotal),
      defaults: defaultsOf(version.Version, info),
    };
  }

  async listContainers(): Promise<readonly ContainerSummary[]> {
    const list = await this.#call('list containers', READ_DEADLINE_MS, () =>
      this.#docker.listContainers({ all: true }),
    );
    const containers = checkedList('containers', list).map(({ Id, Names, Labels, Ports }) => ({
      id: Id,
      name: (Names[0] ?? '').slice(1),
      labels: Labels ?? {},
      hostPorts: (Ports ?? []).flatMap(({ PublicPort, Type }) =>
        PublicPort === undefined ? [] : [`${PublicPort}/${Type}`],
      ),
    }));
    this.#names = new Map(containers.map(({ id, name }) => [id, name]));
    this.#answers.keepOnly(new Set(this.#names.keys()));
    return containers;
  }

  async inspectContainer(id: string): Promise<ContainerDetails | undefined> {
    const answer = await this.#ifThere('inspect a container', () => inspectText(this.#docker, id));
    return answer === undefined ? undefined : this.#answers.read(id, answer);
  }

  async listNetworks(): Promise<readonly NetworkDetails[]> {
    const list = await this.#call('list networks', READ_DEADLINE_MS, () => this.#docker.listNetworks());
    return checkedList('networks', list).map((inspected) => {
      const { Id, Name, Labels } = inspected;
      return { id: Id, name: Name, labels: Labels ?? {}, inspected };
    });
  }

  async attachedTo(network: string): Promise<readonly string[] | undefined> {
    const what = 'inspect a network';
    const found = await this.#ifThere(what, () => this.#docker.getNetwork(network).inspect());
    return found === undefined ? undefined : Object.keys(found.Containers ?? {});
  }

  async listVolumes(): Promise<readonly VolumeDetails[]> {
    const { Volumes } = await this.#call('list volumes', READ_DEADLINE_MS, () => this.#docker.listVolumes());
    // The engine says null for none.
    return (Volumes ?? []).map((inspected) => {
      const { Name, Labels } = inspected;
      return { id: Name, name: Name, labels: Labels ?? {}, inspected };
    });
  }

  async inspectImage(id: string): Promise<InspectedConfig | undefined> {
    const image = await this.#ifThere('inspect an image', () => this.#docker.getImage(id).inspect());
    return image?.Config;
  }

  async imageId(reference: string): Promise<string | undefined> {
    const what = `look for image ${reference}`;
    return (await this.#ifThere(what, () => this.#docker.getImage(reference).inspect()))?.Id;
  }

  async pullImage(reference: string, platform: string): Promise<void> {
    const what = `pull image ${reference}`;
    try {
      const stream = await deadline(what, { ms: CHANGE_DEADLINE_MS, code: 'IMAGE_PULL_FAILED' }, () =>
        this.#docker.pull(reference, platform === '' ? {} : { platform }),
      );
      await this.#followPull(what, stream);
    } catch (error) {
      throw engineError(what, error, 'IMAGE_PULL_FAILED');
    }
  }

  createContainer(name: string, body: CreateBody, platform: string): Promise<string> {
    return this.#change(`create container ${name}`, async () => {
      const wanted = { ...body, name, ...(platform === '' ? {} : { platform }) };
      const container = await this.#docker.createContainer(wanted);
      this.#names.set(container.id, name);
      return container.id;
    });
  }

  async startContainer(id: string): Promise<void> {
    await this.#change(`start ${this.#named(id)}`, () => this.#docker.getContainer(id).start());
  }

  async stopContainer(id: string): Promise<void> {
    await this.#goneIsFine(`stop ${this.#named(id)}`, STOP_DEADLINE_MS, () => this.#docker.getContainer(id).stop());
  }

  async unpauseContainer(id: string): Promise<void> {
    await this.#change(`unpause ${this.#named(id)}`, () => this.#docker.getContainer(id).unpause());
  }

  async restartContainer(id: string): Promise<void> {
    await this.#change(`restart ${this.#named(id)}`, () => this.#docker.getContainer(id).restart(), STOP_DEADLINE_MS);
  }

  async updateContainer(id: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#change(`update ${this.#named(id)}`, () => this.#docker.getContainer(id).update({ ...changes }));
  }

  async renameContainer(id: string, name: string): Promise<void> {
    await this.#change(`rename ${this.#named(id)} to ${name}`, () => this.#docker.getContainer(id).rename({ name }));
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#docker.getContainer(id);
    await this.#goneIsFine(`remove ${this.#named(id)}`, CHANGE_DEADLINE_MS, async () => {
      try {
        await container.remove({ force: true, v: false });
      } catch (error) {
        // Somebody else removes it: its name is free only when that has ended.
        if (!isConflict(error) || !/already in progress/.test(String(error))) throw error;
        await container.wait({ condition: 'removed' });
      }
    });
  }

  createNetwork(body: NetworkBody): Promise<string> {
    return this.#change(`create network ${body.Name}`, async () => {
      const created = await this.#docker.createNetwork({ ...body, CheckDuplicate: true });
      return created.id;
    });
  }

  async removeNetwork(id: string): Promise<void> {
    await this.#goneIsFine('remove a network', CHANGE_DEADLINE_MS, () => this.#docker.getNetwork(id).remove());
  }

  async connectNetwork(network: string, container: string, endpoint: Endpoint): Promise<void> {
    await this.#change(`connect ${this.#named(container)} to network ${network}`, () =>
      this.#docker.getNetwork(network).connect({ Container: container, EndpointConfig: { ...endpoint } }),
    );
  }

  async disconnectNetwork(network: string, container: string): Promise<void> {
    await this.#goneIsFine(`take ${this.#named(container)} off network ${network}`, CHANGE_DEADLINE_MS, async () => {
      try {
        await this.#docker.getNetwork(network).disconnect({ Container: container, Force: true });
      } catch (error) {
        if (!/is not connected to/.test(String(error))) throw error;
      }
    });
  }

  async createVolume({ name, driver, options, labels }: VolumeBody): Promise<void> {
    const body = { Name: name, Driver: driver || 'local', DriverOpts: { ...options }, Labels: { ...labels } };
    await this.#change(`create volume ${name}`, () => this.#docker.createVolume(body));
  }

  changes(label: string, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    return readChanges(this.#docker, label, signal);
  }

  #named(id: string): string {
    return `container ${this.#names.get(id) ?? id.slice(0, 12)}`;
  }

  async #followPull(what: string, stream: NodeJS.ReadableStream): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const silent = () => reject(unresponsive(what, PULL_SILENCE_MS));
    let timer = setTimeout(silent, PULL_SILENCE_MS);
    this.#docker.modem.followProgress(
      stream,
      (error) => (error ? reject(error) : resolve()),
      // What fails after the answer has begun, such as a disk that is full, is one of its lines: the stream itself ends well.
      ({ error }: { error?: string }) => {
        clearTimeout(timer);
        if (error !== undefined) reject(new Error(error));
        else timer = setTimeout(silent, PULL_SILENCE_MS);
      },
    );
    await promise.finally(() => clearTimeout(timer));
  }

  async #ifThere<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#call(what, READ_DEADLINE_MS, call);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw engineError(what, error);
    }
  }

  async #change<T>(what: string, call: () => Promise<T>, deadlineMs = CHANGE_DEADLINE_MS): Promise<T> {
    try {
      return await this.#call(what, deadlineMs, call);
    } catch (error) {
      throw engineError(what, error, isConflict(error) ? 'ENGINE_CONFLICT' : 'ENGINE_ERROR');
    }
  }

  async #goneIsFine(what: string, deadlineMs: number, call: () => Promise<unknown>): Promise<void> {
    try {
      await this.#call(what, deadlineMs, call);
    } catch (error) {
      if (!isGone(error) && !isUnchanged(error)) throw engineError(what, error);
    }
  }

  async #call<T>(what: string, deadlineMs: number, call: () => Promise<T>): Promise<T> {
    return await this.#slots.run(() => deadline(what, { ms: deadlineMs }, call));
  }
}

/** The engine's answer about a container, as it was sent: the library would parse it. */
async function inspectText(docker: Docker, id: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const statusCodes = { 200: true, 404: 'no such container', 500: 'server error' };
  const call = { path: `/containers/${id}/json?`, method: 'GET', isStream: true, statusCodes };
  docker.modem.dial(call, (error, answer) =>
    answer instanceof IncomingMessage ? resolve(answer) : reject(error ?? new Error('the engine did not answer')),
  );
  return await text(await promise);
}

/** Everything by which engines and their configurations differ in what they show of a container (measured on 20.10, 26.1 and 28.5). */
function defaultsOf(version: string, info: Readonly<Record<string, unknown>>): string {
  const told = [
    'DefaultRuntime',
    'LoggingDriver',
    'CgroupVersion',
    'CgroupDriver',
    'SecurityOptions',
    'SwapLimit',
    'Driver',
  ];
  return JSON.stringify([version, ...told.map((name) => info[name])]);
}

/** An answer that is no list is an error, never "none". */
function checkedList<T>(what: string, list: readonly T[]): readonly T[] {
  if (Array.isArray(list)) return list;
  throw new MooringError(
    'ENGINE_ERROR',
    `Cannot list ${what}: the engine's answer is no list; a whole answer is wanted`,
  );
}
