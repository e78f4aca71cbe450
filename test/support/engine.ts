import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { eventually } from './eventually.ts';
import { Program } from './program.ts';
import { toolPath } from './tools.ts';

/** Which Docker Engine a host has. */
export type EngineVersion = '26' | '28';

const BINARIES = { '26': 'MOORING_DOCKERD_26', '28': 'MOORING_DOCKERD_28' } as const;
const START_DEADLINE_MS = 60_000;

/** Where an engine runs. */
export interface EngineOptions {
  readonly folder: string;
  readonly namespace: string;
  readonly version: EngineVersion;
  readonly insecureRegistries?: readonly string[] | undefined;
}

/** A private Docker Engine. */
export class Engine {
  readonly socket: string;
  readonly docker: Docker;
  readonly #options: EngineOptions;
  #program: Program | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.socket = join(options.folder, 'docker.sock');
    this.docker = new Docker({ socketPath: this.socket });
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const { folder, namespace, version, insecureRegistries = [] } = this.#options;
    mkdirSync(folder, { recursive: true });
    const binary = toolPath(BINARIES[version]);
    const path = `${dirname(binary)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const program = new Program({
      namespace,
      command: binary,
      args: [
        `--data-root=${join(folder, 'data')}`,
        `--exec-root=${join(folder, 'exec')}`,
        `--pidfile=${join(folder, 'docker.pid')}`,
        `--host=unix://${this.socket}`,
        '--shutdown-timeout=1',
        ...insecureRegistries.map((registry) => `--insecure-registry=${registry}`),
      ],
      env: { PATH: path },
      log: join(folder, 'dockerd.log'),
    });
    this.#program = program;
    await eventually(
      `engine ${version} answers`,
      async () => {
        if (!program.running) throw new Error(`dockerd ended: ${program.output.slice(-2000)}`);
        await this.docker.ping();
      },
      START_DEADLINE_MS,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#program?.signal(signal);
  }

  /** Stops the engine; its containers stop with it. */
  async stop(): Promise<void> {
    await this.#program?.stop();
  }

  /** Removes every container, then stops the engine. */
  async close(): Promise<void> {
    if (this.#program?.running === true) {
      const containers = await this.docker.listContainers({ all: true });
      await Promise.all(containers.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true, v: true })));
    }
    await this.stop();
  }
}
