import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { eventually } from './eventually.ts';
import { Program } from './program.ts';
import { toolPath } from './tools.ts';

/** Which Docker Engine a host has. */
export type EngineVersion = '20' | '26' | '28';

const BINARIES = { '20': 'MOORING_DOCKERD_20', '26': 'MOORING_DOCKERD_26', '28': 'MOORING_DOCKERD_28' } as const;
const START_DEADLINE_MS = 60_000;
// An engine that hangs is ended all the same.
const REMOVE_DEADLINE_MS = 60_000;

/** Where an engine runs. */
export interface EngineOptions {
  readonly folder: string;
  readonly namespace: string;
  readonly version: EngineVersion;
  readonly insecureRegistries?: readonly string[] | undefined;
  /** What its daemon.json says. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
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
    const { folder, namespace, version, insecureRegistries = [], configuration = {} } = this.#options;
    mkdirSync(folder, { recursive: true });
    const configurationFile = join(folder, 'daemon.json');
    writeFileSync(configurationFile, JSON.stringify(configuration));
    const binary = toolPath(BINARIES[version]);
    const path = `${dirname(binary)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const program = new Program({
      namespace,
      command: binary,
      args: [
        `--config-file=${configurationFile}`,
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

  /** Removes every container as far as the engine lets that happen, then stops the engine. */
  async close(): Promise<void> {
    if (this.#program?.running === true) await this.#removeContainers(AbortSignal.timeout(REMOVE_DEADLINE_MS));
    await this.stop();
  }

  async #removeContainers(abortSignal: AbortSignal): Promise<void> {
    try {
      const containers = await this.docker.listContainers({ all: true, abortSignal });
      const remove = ({ Id }: { Id: string }) =>
        this.docker.getContainer(Id).remove({ force: true, v: true, abortSignal });
      await Promise.all(containers.map(remove));
    } catch (error) {
      if (!abortSignal.aborted) throw error;
    }
  }
}
