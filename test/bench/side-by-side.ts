import { join } from 'node:path';
import type { BenchFleet } from './bench-fleet.ts';
import { composeFile, containerBody, IMAGE } from './bench-stack.ts';
import { composeUp } from './compose.ts';
import { removeAll } from './floor.ts';

const RIVAL = 'rival';

/** The same stack twice on one engine, one kept by Mooring, one made by docker compose; both stay while rounds are taken. */
export class SideBySide {
  readonly #fleet: BenchFleet;
  readonly #count: number;

  private constructor(fleet: BenchFleet, count: number) {
    this.#fleet = fleet;
    this.#count = count;
  }

  /** Starts both and waits until they run. */
  static async start(fleet: BenchFleet, count: number): Promise<SideBySide> {
    const both = new SideBySide(fleet, count);
    await fleet.settle(count);
    await both.composeUp(0);
    return both;
  }

  /** `docker compose up -d` of the rival's stack in that version. */
  composeUp(version: number): Promise<void> {
    const { fleet, host } = this.#fleet;
    const folder = join(fleet.folder.path, RIVAL);
    return composeUp({
      socket: host.engine.socket,
      folder,
      project: RIVAL,
      text: composeFile(this.#count, version),
    });
  }

  /** Name of the container of the rival's first service, which is the one that changes. */
  get rivalContainer(): string {
    return `${RIVAL}-s01-1`;
  }

  /** Mooring's is taken away by Git, the rest by force. */
  async close(): Promise<void> {
    await this.#fleet.settle(0);
    await removeAll(this.#fleet.docker);
  }
}

/** A container beside the stack, as the raw API makes it; `standalone` and on the engine's own network, so that it belongs to nobody. */
export async function makeFloorContainer(fleet: BenchFleet, name: string): Promise<string> {
  const { HostConfig, ...body } = containerBody('s01');
  const { Labels: _labels, NetworkingConfig: _networks, ...own } = body;
  const container = await fleet.docker.createContainer({
    ...own,
    Image: IMAGE,
    name,
    HostConfig: { ...HostConfig, NetworkMode: 'floor' },
  });
  return container.id;
}

/** Makes the network that floor containers are on. */
export async function makeFloorNetwork({ docker }: BenchFleet): Promise<void> {
  await docker.createNetwork({ Name: 'floor', Driver: 'bridge' });
}
