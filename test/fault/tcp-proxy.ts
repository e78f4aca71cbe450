import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Random, seeded } from './random.ts';
import { Lane, type LineCounts, type LineFault } from './tcp-lane.ts';

/** Where a proxy listens, and where it passes everything on to. */
export interface TcpProxyOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly target: { readonly host: string; readonly port: number };
  readonly seed: number;
}

interface Pair {
  readonly sockets: readonly [Socket, Socket];
  broken: boolean;
}

/** A line that passes bytes on as they are, until it is told what to do to them. The same seed and the same chunks meet the same fate. */
export class TcpProxy {
  readonly #target: TcpProxyOptions['target'];
  readonly #random: Random;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #counts = noCounts();
  #fault: LineFault = {};

  private constructor({ target, seed }: TcpProxyOptions) {
    this.#target = target;
    this.#random = seeded(seed);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#connected(client));
  }

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    proxy.#server.listen(options.listen.port, options.listen.host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get counts(): Readonly<LineCounts> {
    return { ...this.#counts };
  }

  /** From now on this happens, and nothing else. Connections that lost bytes are reset once bytes flow again. */
  set(fault: LineFault): void {
    this.#fault = fault;
    if (fault.halfOpen === true) return;
    for (const pair of this.#pairs) if (pair.broken) reset(pair);
  }

  /** Resets every connection. */
  cut(): void {
    this.#counts.cut += this.#pairs.size;
    for (const pair of this.#pairs) reset(pair);
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const pair of this.#pairs) reset(pair);
    await once(this.#server, 'close');
  }

  #connected(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.#fault.refuse === true) {
      this.#counts.refused += 1;
      client.resetAndDestroy();
      return;
    }
    this.#counts.connections += 1;
    const onward = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const pair: Pair = { sockets: [client, onward], broken: false };
    this.#pairs.add(pair);
    const parts = {
      fault: () => this.#fault,
      random: this.#random,
      counts: this.#counts,
      broken: () => {
        pair.broken = true;
      },
    };
    new Lane(client, onward, parts);
    new Lane(onward, client, parts);
    const ended = (other: Socket) => () => {
      // Whoever vanished does not say so.
      if (this.#fault.halfOpen === true) pair.broken = true;
      else if (!other.destroyed && !other.writableEnded) other.destroy();
      if (client.destroyed && onward.destroyed) this.#pairs.delete(pair);
    };
    onward.on('error', () => onward.destroy());
    client.on('close', ended(onward));
    onward.on('close', ended(client));
  }
}

function reset({ sockets }: Pair): void {
  for (const socket of sockets) socket.resetAndDestroy();
}

function noCounts(): LineCounts {
  return {
    connections: 0,
    bytes: 0,
    delayed: 0,
    lost: 0,
    reordered: 0,
    corrupted: 0,
    dripped: 0,
    swallowed: 0,
    cut: 0,
    refused: 0,
  };
}
