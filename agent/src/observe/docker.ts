import Docker from 'dockerode';
import { DEFAULT_PULL_SILENCE_MS } from '../config.ts';
import { apiVersion } from './docker-answers.ts';
import { readChanges } from './docker-changes.ts';
import { runCommand } from './docker-command.ts';
import { DockerReads, readInTime } from './docker-reads.ts';
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
import { engineError, isConflict, isGone, isUnchanged, stalled, unresponsive } from './engine-error.ts';
import type { InspectedConfig } from './inspected.ts';
import { PlainGet } from './plain-get.ts';
import { Slots } from './slots.ts';

// Creating and starting unpacks and mounts; removing waits for the file system.
const CHANGE_DEADLINE_MS = 60_000;
// The container's own grace period comes on top of an ordinary change.
const STOP_DEADLINE_MS = 5 * 60_000;
// What a command in a container does is its own affair, such as a migration, but it must end.
const COMMAND_DEADLINE_MS = 5 * 60_000;
/** From a deadline until the connection of the call is closed: the deadline tells what happened. */
const CLOSED_AFTER_MS = 1_000;
// More at a time makes the engine slower, not faster.
const CHANGES_AT_A_TIME = 8;
/** Highest API version that this agent was tried with. */
const HIGHEST_API = [1, 51] as const;

/** Connects to the engine behind a socket; a pull may be silent for `pullSilenceMs`. Throws ENGINE_UNREACHABLE or ENGINE_UNRESPONSIVE. */
export async function openEngine(socketPath: string, pullSilenceMs = DEFAULT_PULL_SILENCE_MS): Promise<Engine> {
  const what = 'ask the engine its version';
  const version = lower(apiVersion(what, await readInTime(what, new PlainGet(socketPath, '').ask('/version'))));
  return new DockerEngine(socketPath, version, pullSilenceMs);
}

function lower(version: string): readonly [number, number] {
  const [major = 1, minor = 41] = version.split('.').map(Number);
  return major > HIGHEST_API[0] || minor > HIGHEST_API[1] ? HIGHEST_API : [major, minor];
}

/** How an image is pulled. */
interface Pull {
  readonly platform: string;
  /** Something came. */
  readonly heard: () => void;
  readonly signal: AbortSignal;
}

async function deadline<T>(what: string, ms: number, call: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(unresponsive(what, ms)), ms);
  try {
    return await Promise.race([call(), promise]);
  } catch (error) {
    throw isGone(error) || isConflict(error) || isUnchanged(error) ? error : engineError(what, error);
  } finally {
    clearTimeout(timer);
  }
}

class DockerEngine implements Engine {
  readonly manyNetworksAtCreate: boolean;
  readonly makesMountpoints: boolean;
  /** Its answers come at once, or it is broken off at the deadline of a change. */
  readonly #docker: Docker;
  /** The same, at the deadline of a stop. */
  readonly #patient: Docker;
  /** Its answers are streams, which may be silent. */
  readonly #streams: Docker;
  readonly #reads: DockerReads;
  readonly #slots = new Slots(CHANGES_AT_A_TIME);
  readonly #pullSilenceMs: number;
  readonly #listeners = new Set<(change: Change) => void>();
  /** Names as the last list showed them: what people look for in a message. */
  #names = new Map<string, string>();

  constructor(socketPath: string, [major, minor]: readonly [number, number], pullSilenceMs: number) {
    this.#pullSilenceMs = pullSilenceMs;
    const version = `v${major}.${minor}`;
    this.#docker = new Docker({ socketPath, version, timeout: CHANGE_DEADLINE_MS + CLOSED_AFTER_MS });
    this.#patient = new Docker({ socketPath, version, timeout: STOP_DEADLINE_MS + CLOSED_AFTER_MS });
    this.#streams = new Docker({ socketPath, version });
    this.#reads = new DockerReads(new PlainGet(socketPath, `/${version}`), {
      named: (id) => this.#named(id),
      onAnswer: (container) => {
        for (const tell of this.#listeners) tell({ container, action: 'answers' });
      },
    });
    this.manyNetworksAtCreate = minor >= 44;
    this.makesMountpoints = minor >= 42;
  }

  describe(): Promise<EngineDescription> {
    return this.#reads.describe();
  }

  async listContainers(): Promise<readonly ContainerSummary[]> {
    const containers = await this.#reads.listContainers();
    this.#names = new Map(containers.map(({ id, name }) => [id, name]));
    return containers;
  }

  inspectContainer(id: string): Promise<ContainerDetails | undefined> {
    return this.#reads.inspectContainer(id);
  }

  listNetworks(): Promise<readonly NetworkDetails[]> {
    return this.#reads.listNetworks();
  }

  attachedTo(network: string): Promise<readonly string[] | undefined> {
    return this.#reads.attachedTo(network);
  }

  listVolumes(): Promise<readonly VolumeDetails[]> {
    return this.#reads.listVolumes();
  }

  inspectImage(id: string): Promise<InspectedConfig | undefined> {
    return this.#reads.inspectImage(id);
  }

  imageId(reference: string): Promise<string | undefined> {
    return this.#reads.imageId(reference);
  }

  async pullImage(reference: string, platform: string): Promise<void> {
    const what = `pull image ${reference}`;
    // What nobody waits for any more is broken off: the engine stops pulling.
    const given = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const { promise: silence, reject } = Promise.withResolvers<never>();
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(stalled(what, this.#pullSilenceMs)), this.#pullSilenceMs);
    };
    heard();
    try {
      await Promise.race([this.#pull(reference, { platform, heard, signal: given.signal }), silence]);
    } catch (error) {
      throw engineError(what, error, 'IMAGE_PULL_FAILED');
    } finally {
      clearTimeout(timer);
      given.abort();
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
    await this.#goneIsFine(`stop ${this.#named(id)}`, STOP_DEADLINE_MS, () => this.#patient.getContainer(id).stop());
  }

  async unpauseContainer(id: string): Promise<void> {
    await this.#change(`unpause ${this.#named(id)}`, () => this.#docker.getContainer(id).unpause());
  }

  async restartContainer(id: string): Promise<void> {
    await this.#change(`restart ${this.#named(id)}`, () => this.#patient.getContainer(id).restart(), STOP_DEADLINE_MS);
  }

  async runCommand(id: string, command: CommandBody): Promise<CommandEnd> {
    const signal = AbortSignal.timeout(COMMAND_DEADLINE_MS + CLOSED_AFTER_MS);
    const what = `run a command in ${this.#named(id)}`;
    return await this.#change(what, () => runCommand(this.#streams, { id, command, signal }), COMMAND_DEADLINE_MS);
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
    return readChanges(this.#streams, { label, signal, listen: (listener) => this.#listen(listener) });
  }

  #listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #named(id: string): string {
    return `container ${this.#names.get(id) ?? id.slice(0, 12)}`;
  }

  async #pull(reference: string, { platform, heard, signal: abortSignal }: Pull): Promise<void> {
    const stream = await this.#streams.pull(reference, { abortSignal, ...(platform === '' ? {} : { platform }) });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#streams.modem.followProgress(
      stream,
      (error) => (error ? reject(error) : resolve()),
      // What fails after the answer has begun, such as a disk that is full, is one of its lines: the stream itself ends well.
      ({ error }: { error?: string }) => (error === undefined ? heard() : reject(new Error(error))),
    );
    await promise;
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
    return await this.#slots.run(() => deadline(what, deadlineMs, call));
  }
}
