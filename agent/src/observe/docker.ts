import { type ErrorCode, MooringError } from '@mooring/proto';
import Docker from 'dockerode';
import { containerDetails } from './container-details.ts';
import { readChanges } from './docker-changes.ts';
import type {
  ContainerDetails,
  ContainerSummary,
  CreateBody,
  Engine,
  EngineDescription,
  NamedObject,
} from './engine.ts';
import { engineError, isConflict, isGone, unresponsive } from './engine-error.ts';
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

function lower(text: string): readonly [number, number] {
  const [major = 1, minor = 41] = text.split('.').map(Number);
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
    throw isGone(error) || isConflict(error) ? error : engineError(what, error, code);
  } finally {
    clearTimeout(timer);
  }
}

class DockerEngine implements Engine {
  readonly manyNetworksAtCreate: boolean;
  readonly #docker: Docker;
  readonly #slots = new Slots(CALLS_IN_FLIGHT);

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
    };
  }

  async listContainers(): Promise<readonly ContainerSummary[]> {
    const list = await this.#call('list containers', READ_DEADLINE_MS, () =>
      this.#docker.listContainers({ all: true }),
    );
    return checkedList('containers', list).map(({ Id, Names, Labels }) => ({
      id: Id,
      name: (Names[0] ?? '').slice(1),
      labels: Labels ?? {},
    }));
  }

  async inspectContainer(id: string): Promise<ContainerDetails | undefined> {
    try {
      return containerDetails(
        await this.#call('inspect a container', READ_DEADLINE_MS, () => this.#docker.getContainer(id).inspect()),
      );
    } catch (error) {
      if (isGone(error)) return undefined;
      throw engineError('inspect a container', error);
    }
  }

  async listNetworks(): Promise<readonly NamedObject[]> {
    const list = await this.#call('list networks', READ_DEADLINE_MS, () => this.#docker.listNetworks());
    return checkedList('networks', list).map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} }));
  }

  async listVolumes(): Promise<readonly NamedObject[]> {
    const { Volumes } = await this.#call('list volumes', READ_DEADLINE_MS, () => this.#docker.listVolumes());
    // The engine says null for none.
    return (Volumes ?? []).map(({ Name, Labels }) => ({ id: Name, name: Name, labels: Labels ?? {} }));
  }

  async hasImage(reference: string): Promise<boolean> {
    try {
      await this.#call(`look for image ${reference}`, READ_DEADLINE_MS, () =>
        this.#docker.getImage(reference).inspect(),
      );
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw engineError(`look for image ${reference}`, error);
    }
  }

  async pullImage(reference: string): Promise<void> {
    const what = `pull image ${reference}`;
    try {
      const stream = await deadline(what, { ms: CHANGE_DEADLINE_MS, code: 'IMAGE_PULL_FAILED' }, () =>
        this.#docker.pull(reference),
      );
      await this.#followPull(what, stream);
    } catch (error) {
      throw engineError(what, error, 'IMAGE_PULL_FAILED');
    }
  }

  createContainer(name: string, body: CreateBody): Promise<string> {
    return this.#change(`create container ${name}`, async () => {
      const container = await this.#docker.createContainer({ ...body, name });
      return container.id;
    });
  }

  async startContainer(id: string): Promise<void> {
    await this.#change('start a container', () => this.#docker.getContainer(id).start());
  }

  async stopContainer(id: string): Promise<void> {
    await this.#goneIsFine('stop a container', STOP_DEADLINE_MS, () => this.#docker.getContainer(id).stop());
  }

  async unpauseContainer(id: string): Promise<void> {
    await this.#change('unpause a container', () => this.#docker.getContainer(id).unpause());
  }

  async renameContainer(id: string, name: string): Promise<void> {
    await this.#change(`rename a container to ${name}`, () => this.#docker.getContainer(id).rename({ name }));
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#docker.getContainer(id);
    await this.#goneIsFine('remove a container', CHANGE_DEADLINE_MS, async () => {
      try {
        await container.remove({ force: true, v: false });
      } catch (error) {
        // Somebody else removes it: its name is free only when that has ended.
        if (!isConflict(error) || !/already in progress/.test(String(error))) throw error;
        await container.wait({ condition: 'removed' });
      }
    });
  }

  createNetwork(network: {
    name: string;
    driver: string;
    internal: boolean;
    labels: Readonly<Record<string, string>>;
  }): Promise<string> {
    const { name, driver, internal, labels } = network;
    return this.#change(`create network ${name}`, async () => {
      const created = await this.#docker.createNetwork({
        Name: name,
        Driver: driver || 'bridge',
        Internal: internal,
        Labels: { ...labels },
        CheckDuplicate: true,
      });
      return created.id;
    });
  }

  async removeNetwork(id: string): Promise<void> {
    await this.#goneIsFine('remove a network', CHANGE_DEADLINE_MS, () => this.#docker.getNetwork(id).remove());
  }

  async connectNetwork(network: string, container: string, aliases: readonly string[]): Promise<void> {
    await this.#change(`connect a container to network ${network}`, () =>
      this.#docker.getNetwork(network).connect({ Container: container, EndpointConfig: { Aliases: [...aliases] } }),
    );
  }

  async createVolume(volume: {
    name: string;
    driver: string;
    labels: Readonly<Record<string, string>>;
  }): Promise<void> {
    const { name, driver, labels } = volume;
    await this.#change(`create volume ${name}`, () =>
      this.#docker.createVolume({ Name: name, Driver: driver || 'local', Labels: { ...labels } }),
    );
  }

  changes(label: string, signal: AbortSignal): AsyncIterable<void> {
    return readChanges(this.#docker, label, signal);
  }

  async #followPull(what: string, stream: NodeJS.ReadableStream): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const silent = () => reject(unresponsive(what, PULL_SILENCE_MS));
    let timer = setTimeout(silent, PULL_SILENCE_MS);
    this.#docker.modem.followProgress(
      stream,
      (error) => (error ? reject(error) : resolve()),
      () => {
        clearTimeout(timer);
        timer = setTimeout(silent, PULL_SILENCE_MS);
      },
    );
    await promise.finally(() => clearTimeout(timer));
  }

  async #change<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#call(what, CHANGE_DEADLINE_MS, call);
    } catch (error) {
      throw engineError(what, error, isConflict(error) ? 'ENGINE_CONFLICT' : 'ENGINE_ERROR');
    }
  }

  async #goneIsFine(what: string, deadlineMs: number, call: () => Promise<unknown>): Promise<void> {
    try {
      await this.#call(what, deadlineMs, call);
    } catch (error) {
      if (!isGone(error)) throw engineError(what, error);
    }
  }

  async #call<T>(what: string, deadlineMs: number, call: () => Promise<T>): Promise<T> {
    return await this.#slots.run(() => deadline(what, { ms: deadlineMs }, call));
  }
}

/** An answer that is no list is an error, never "none". */
function checkedList<T>(what: string, list: readonly T[]): readonly T[] {
  if (Array.isArray(list)) return list;
  throw new MooringError(
    'ENGINE_ERROR',
    `Cannot list ${what}: the engine's answer is no list; a whole answer is wanted`,
  );
}
