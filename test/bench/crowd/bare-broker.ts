import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { Program } from '../../support/program.ts';
import { toolPath } from '../../support/tools.ts';
import type { Crowd } from './crowd.ts';

/** A nats-server with the accounts and settings of the hub's own, and nobody who keeps it but the bench. */
export class BareBroker {
  readonly url: string;
  readonly #folder: string;
  #server: Program;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.url = `tls://127.0.0.1:${port}`;
    this.#server = this.#start();
  }

  /** Starts one from the configuration that the running hub of a crowd wrote. */
  static async start(crowd: Crowd): Promise<BareBroker> {
    const folder = crowd.makeFolder('bare-broker');
    const port = await freePort();
    const text = readFileSync(join(crowd.data, 'broker', 'nats.conf'), 'utf8')
      .replace(/^listen: .*$/m, `listen: "127.0.0.1:${port}"`)
      .replace(/^pid_file: .*$/m, `pid_file: ${JSON.stringify(join(folder, 'nats.pid'))}`)
      .replace(/store_dir: "[^"]*"/, `store_dir: ${JSON.stringify(join(folder, 'jetstream'))}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'nats.conf'), text, { mode: 0o600 });
    const broker = new BareBroker(folder, port);
    await eventually('the bare broker is ready', () => {
      if (!broker.#server.output.includes('Server is ready')) throw new Error(broker.#server.output);
    });
    return broker;
  }

  /** Ends it as a power cut would, takes its store away, and starts it again at once. */
  async loseStore(): Promise<void> {
    await this.#server.kill();
    rmSync(join(this.#folder, 'jetstream'), { recursive: true, force: true });
    this.#server = this.#start();
  }

  close(): Promise<void> {
    return this.#server.stop();
  }

  #start(): Program {
    return new Program({
      command: toolPath('MOORING_NATS_SERVER'),
      args: ['-c', join(this.#folder, 'nats.conf')],
      log: join(this.#folder, 'nats.log'),
    });
  }
}
