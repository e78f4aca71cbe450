import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ask } from './ask.ts';
import { eventually } from './eventually.ts';
import { HUB_ADDRESS, type Network } from './network.ts';
import { Program } from './program.ts';
import { toolPath } from './tools.ts';

/** Where a registry runs, and whom it serves. */
export interface RegistryOptions {
  readonly folder: string;
  readonly network: Network;
  readonly port: number;
  /** True: it asks for a login, which nobody has. */
  readonly login?: boolean | undefined;
}

/** A registry of images in the network of the hub. What it holds outlives a stop. */
export class Registry {
  /** As images name it. */
  readonly name: string;
  readonly #options: RegistryOptions;
  #program: Program | undefined;

  constructor(options: RegistryOptions) {
    this.name = `${HUB_ADDRESS}:${options.port}`;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { folder, network, login = false } = this.#options;
    mkdirSync(folder, { recursive: true });
    const config = join(folder, 'config.json');
    const http = { addr: this.name, secret: 'of-a-test' };
    // A password file that is not there is made by the registry itself, with a password that it keeps to itself.
    const auth = login ? { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } } : {};
    const storage = { filesystem: { rootdirectory: join(folder, 'data') } };
    writeFileSync(config, JSON.stringify({ version: '0.1', storage, http, ...auth }));
    this.#program = new Program({
      namespace: network.hub,
      command: toolPath('MOORING_DOCKER_REGISTRY'),
      args: ['serve', config],
      log: join(folder, 'registry.log'),
    });
    await eventually(`registry ${this.name} answers`, async () => {
      const answer = await ask(network.hub, `http://${this.name}/v2/`).catch(String);
      if (!/^\{\}|401 Unauthorized/.test(answer)) throw new Error(answer);
    });
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }

  /** Brings an image of an engine here under a name and tag, takes that tag off the engine again, and returns the digest. */
  async push(docker: Docker, image: string, [name, tag]: readonly [name: string, tag: string]): Promise<string> {
    const repo = `${this.name}/${name}`;
    await docker.getImage(image).tag({ repo, tag });
    const stream = await docker.getImage(`${repo}:${tag}`).push({ tag, authconfig: { username: '', password: '' } });
    const digest = await new Promise<string>((resolve, reject) => {
      let found = '';
      docker.modem.followProgress(
        stream,
        (error) => (error === null ? resolve(found) : reject(error)),
        (progress: { aux?: { Digest?: string }; error?: string }) => {
          if (progress.error !== undefined) reject(new Error(progress.error));
          found = progress.aux?.Digest ?? found;
        },
      );
    });
    await docker.getImage(`${repo}:${tag}`).remove();
    return digest;
  }
}
