import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Open connections of a port by "address:port" of their other end, and by the keys they are counted under. */
export class Connections {
  readonly #byPeer = new Map<string, Duplex>();
  readonly #counts = new Map<string, number>();

  /** Keeps a connection until it closes. */
  add(peer: string, connection: Duplex): void {
    this.#byPeer.set(peer, connection);
    connection.once('close', () => {
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer);
    });
  }

  /** Counts a connection under a key until it closes; false: the key has its full number already. */
  count(key: string, connection: Duplex, limit: number): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= limit) return false;
    this.#counts.set(key, count + 1);
    connection.once('close', () => {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    });
    return true;
  }

  /** The certificate that the other end proved to be its own, DER; undefined: it showed none. */
  certificateOf(peer: string): Uint8Array | undefined {
    const connection = this.#byPeer.get(peer);
    return connection instanceof TLSSocket ? connection.getPeerX509Certificate()?.raw : undefined;
  }

  /** Closes a connection without waiting for anything. */
  destroy(peer: string): void {
    this.#byPeer.get(peer)?.destroy();
  }

  destroyAll(): void {
    for (const connection of this.#byPeer.values()) connection.destroy();
  }
}
