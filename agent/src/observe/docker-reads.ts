import {
  attachedContainers,
  containerAnswer,
  containerList,
  engineDescription,
  imageAnswer,
  networkList,
  volumeList,
} from './docker-answers.ts';
import type { ContainerDetails, ContainerSummary, EngineDescription, NetworkDetails, VolumeDetails } from './engine.ts';
import { engineError, isGone, unresponsive } from './engine-error.ts';
import type { InspectedConfig } from './inspected.ts';
import { Inspections } from './inspections.ts';
import { LastAnswer } from './last-answer.ts';
import type { PlainGet, Question } from './plain-get.ts';
import { Slots } from './slots.ts';

// Answers come in milliseconds; a busy engine may take seconds.
export const READ_DEADLINE_MS = 15_000;
// More at a time makes the engine slower, not faster.
const READS_AT_A_TIME = 8;

/** Everything that is asked of an engine and changes nothing. Each question ends within its deadline, and its connection with it. */
export class DockerReads {
  readonly #get: PlainGet;
  readonly #slots = new Slots(READS_AT_A_TIME);
  readonly #inspections: Inspections<ContainerDetails>;
  readonly #list = new LastAnswer<readonly ContainerSummary[]>();
  readonly #networks = new LastAnswer<readonly NetworkDetails[]>();
  readonly #volumes = new LastAnswer<readonly VolumeDetails[]>();
  readonly #containers = new Map<string, LastAnswer<ContainerDetails>>();
  readonly #named: (id: string) => string;

  constructor(get: PlainGet, parts: { named(id: string): string; onAnswer(id: string): void }) {
    this.#get = get;
    this.#named = parts.named;
    this.#inspections = new Inspections({ ...parts, ask: (id) => this.#askContainer(id) });
  }

  async describe(): Promise<EngineDescription> {
    const what = 'ask the engine about itself';
    const [version, info] = await Promise.all([this.#read(what, '/version'), this.#read(what, '/info')]);
    return engineDescription(what, version, info);
  }

  async listContainers(): Promise<readonly ContainerSummary[]> {
    const what = 'list containers';
    const bytes = await this.#read(what, '/containers/json?all=1');
    const containers = this.#list.read(bytes, () => containerList(what, bytes));
    const ids = new Set(containers.map(({ id }) => id));
    for (const id of this.#containers.keys()) if (!ids.has(id)) this.#containers.delete(id);
    this.#inspections.keepOnly(ids);
    return containers;
  }

  inspectContainer(id: string): Promise<ContainerDetails | undefined> {
    return this.#inspections.inspect(id);
  }

  async listNetworks(): Promise<readonly NetworkDetails[]> {
    const what = 'list networks';
    return this.#networks.read(await this.#read(what, '/networks'), (bytes) => networkList(what, bytes));
  }

  async attachedTo(network: string): Promise<readonly string[] | undefined> {
    const what = 'inspect a network';
    const found = await this.#ifThere(what, `/networks/${encodeURIComponent(network)}`);
    return found === undefined ? undefined : attachedContainers(what, found);
  }

  async listVolumes(): Promise<readonly VolumeDetails[]> {
    const what = 'list volumes';
    return this.#volumes.read(await this.#read(what, '/volumes'), (bytes) => volumeList(what, bytes));
  }

  async inspectImage(reference: string): Promise<InspectedConfig | undefined> {
    return (await this.#image(reference))?.config;
  }

  async imageId(reference: string): Promise<string | undefined> {
    return (await this.#image(reference))?.id;
  }

  async #image(reference: string) {
    const what = `look for image ${reference}`;
    const found = await this.#ifThere(what, `/images/${reference}/json`);
    return found === undefined ? undefined : imageAnswer(what, found);
  }

  #askContainer(id: string): Question<ContainerDetails | undefined> {
    const what = `look at ${this.#named(id)}`;
    const { answer, abandon } = this.#get.ask(`/containers/${id}/json`);
    const meant = answer.then(
      (bytes) => this.#meaning(what, id, bytes),
      (error) => {
        if (isGone(error)) return undefined;
        throw engineError(what, error);
      },
    );
    return { answer: meant, abandon };
  }

  #meaning(what: string, id: string, bytes: Buffer): ContainerDetails {
    const last = this.#containers.get(id) ?? new LastAnswer<ContainerDetails>();
    this.#containers.set(id, last);
    return last.read(bytes, () => containerAnswer(what, bytes));
  }

  async #ifThere(what: string, path: string): Promise<Buffer | undefined> {
    try {
      return await this.#read(what, path);
    } catch (error) {
      if (isGone(error instanceof Error ? error.cause : error)) return undefined;
      throw error;
    }
  }

  #read(what: string, path: string): Promise<Buffer> {
    return this.#slots.run(() => readInTime(what, this.#get.ask(path)));
  }
}

/** Takes an answer, or gives the question up at its deadline. */
export async function readInTime(what: string, { answer, abandon }: Question<Buffer>): Promise<Buffer> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    abandon();
  }, READ_DEADLINE_MS);
  try {
    return await answer;
  } catch (error) {
    throw isLate ? unresponsive(what, READ_DEADLINE_MS) : engineError(what, error);
  } finally {
    clearTimeout(timer);
  }
}
