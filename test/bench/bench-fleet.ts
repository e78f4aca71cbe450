import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectHub } from '@mooring/hub';
import type Docker from 'dockerode';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';
import { composeFile, IMAGE, STACK } from './bench-stack.ts';

// The hub's own defaults: tests ask more often, which would cost processor time that nobody else pays.
const AS_USERS_RUN_IT = ['--poll', '30s', '--heartbeat', '10s'];
const EMPTY = 'version: 1\nstacks: {}\n';
const WITH_STACK = `version: 1\nstacks:\n  ${STACK}: { hosts: [bench-1] }\n`;

/** When an assignment came and was accepted, Unix milliseconds. */
export interface Acceptance {
  /** A generation is the time at which the hub signed it. */
  readonly signedMs: number;
  readonly arrivedMs: number;
  readonly acceptedMs: number;
}

/** One pass of the agent's loop, by its log. */
export interface Look {
  /** Milliseconds from its beginning to the report. */
  readonly tookMs: number;
  /** Nothing was left to do. */
  readonly settled: boolean;
  /** Unix milliseconds when it ended, by the clock of this machine. */
  readonly time: number;
}

/** One hub, its broker, and one host whose engine all contenders share. */
export class BenchFleet {
  readonly fleet: Fleet;
  readonly host: TestHost;
  readonly #client: ReturnType<typeof connectHub>;

  private constructor(fleet: Fleet, host: TestHost) {
    this.fleet = fleet;
    this.host = host;
    this.#client = connectHub({ socketPath: join(fleet.data, 'hub.sock') });
  }

  /** Starts everything real, with the settings that users have. */
  static async start(): Promise<BenchFleet> {
    const fleet = await startFleet([{ name: 'bench-1', engine: '26' }], { 'fleet.yaml': EMPTY });
    try {
      const host = fleet.host('bench-1');
      await makeImage(host.engine.docker);
      await fleet.hub?.stop();
      await fleet.startHub(...AS_USERS_RUN_IT);
      const bench = new BenchFleet(fleet, host);
      await bench.#untilSynced(fleet.repository.head());
      return bench;
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  get docker(): Docker {
    return this.host.engine.docker;
  }

  /** Commits a stack of `count` containers, or none, and has the hub look at once. Returns the commit. */
  async push(count: number, version = 0): Promise<string> {
    const files =
      count === 0
        ? { 'fleet.yaml': EMPTY }
        : { 'fleet.yaml': WITH_STACK, [`stacks/${STACK}/compose.yaml`]: composeFile(count, version) };
    const commit = this.fleet.repository.commit(`${count} containers, version ${version}`, files);
    await this.#client.admin.sync({}, { deadlineMs: 30_000 });
    return commit;
  }

  /** Pushes, and waits until the host runs it and is quiet. */
  async settle(count: number, version = 0): Promise<void> {
    await this.#untilSynced(await this.push(count, version));
  }

  /** Every look of the agent that its log still holds, oldest first. */
  looks(): readonly Look[] {
    const lines = (this.host.agent?.output ?? '').split('\n').filter((line) => line.includes('"reconciled"'));
    return lines.map((line) => JSON.parse(line) as Look);
  }

  /** What the agent is started with: options of V8 stand before the program. */
  agentFlags(): readonly string[] {
    const [, ...args] = readFileSync(`/proc/${this.host.agent?.pid}/cmdline`, 'utf8').split('\0');
    return args.slice(
      0,
      args.findIndex((arg) => !arg.startsWith('--')),
    );
  }

  /** The newest assignment that the agent accepted, by its log. */
  acceptance(): Acceptance {
    const lines = (this.host.agent?.output ?? '').split('\n').filter((line) => line.includes('"assignment accepted"'));
    const { generation, arrivedAtMs, time } = JSON.parse(lines.at(-1) ?? '{}');
    return { signedMs: Number(generation), arrivedMs: Number(arrivedAtMs), acceptedMs: Number(time) };
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.fleet.close();
  }

  async #untilSynced(commit: string): Promise<void> {
    const waited = await this.fleet.mooring('wait', '--revision', commit, '--timeout', '110s');
    if (waited.code !== 0)
      throw new Error(`wait: ${waited.stdout}${waited.stderr}${this.host.agent?.output.slice(-1500)}`);
  }
}

/** An image whose containers stop at the first signal. */
async function makeImage(docker: Docker): Promise<void> {
  const container = await docker.createContainer({ Image: 'local/plain:1' });
  const [repo, tag] = IMAGE.split(':');
  await container.commit({ repo, tag, changes: 'STOPSIGNAL SIGKILL' });
  await container.remove();
  await eventually('the image stops its containers by force', async () => {
    const { Config } = await docker.getImage(IMAGE).inspect();
    if (!JSON.stringify(Config).includes('SIGKILL')) throw new Error(JSON.stringify(Config));
  });
}
