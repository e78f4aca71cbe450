import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from './random.ts';

/** What happens to bytes on their way. Shares are of chunks, as they are read from the socket. */
export interface LineFault {
  /** Milliseconds that every chunk takes. */
  readonly latencyMs?: number;
  /** Up to so many milliseconds more, by chance; the order stays. */
  readonly jitterMs?: number;
  /** Share that the network loses: TCP brings it once more, so what is seen is that everything behind it waits. */
  readonly lossShare?: number;
  /** Share that changes its place with the chunk that follows. */
  readonly reorderShare?: number;
  /** Share of which one bit is another. */
  readonly corruptShare?: number;
  /** Bytes a second, a few at a time. */
  readonly dripBytesPerSecond?: number;
  /** Nothing arrives any more, and nobody is told: as when a peer vanishes. */
  readonly halfOpen?: boolean;
  /** New connections are closed at once. */
  readonly refuse?: boolean;
}

/** What was done, so that a test can show that a fault was in force. */
export interface LineCounts {
  connections: number;
  bytes: number;
  delayed: number;
  lost: number;
  reordered: number;
  corrupted: number;
  dripped: number;
  swallowed: number;
  cut: number;
  refused: number;
}

/** What a lane shares with all others of its proxy. */
export interface LaneParts {
  readonly fault: () => LineFault;
  readonly random: Random;
  readonly counts: LineCounts;
  /** Bytes were swallowed: the stream has a hole and can never be whole again. */
  readonly broken: () => void;
}

/** How long TCP waits at least before it sends a lost segment once more (Linux, RTO minimum). */
const RETRANSMIT_MS = 200;
/** Bytes that wait for their turn before the sender is held. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A chunk that drips is cut into pieces that take this long. */
const DRIP_EVERY_MS = 50;

interface Chunk {
  readonly bytes: Buffer;
  /** By the monotonic clock. */
  readonly dueAtMs: number;
}

/** One direction of one connection: chunks in, chunks out, in order and each in its time. */
export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #parts: LaneParts;
  readonly #waiting: Chunk[] = [];
  #waitingBytes = 0;
  #ended = false;
  #running = false;

  constructor(from: Socket, to: Socket, parts: LaneParts) {
    this.#from = from;
    this.#to = to;
    this.#parts = parts;
    from.on('data', (bytes) => this.#arrived(bytes));
    from.on('end', () => {
      this.#ended = true;
      void this.#run();
    });
  }

  #arrived(bytes: Buffer): void {
    const { fault, random, counts } = this.#parts;
    const { latencyMs = 0, jitterMs = 0, lossShare = 0 } = fault();
    counts.bytes += bytes.byteLength;
    let waitMs = latencyMs + random.next() * jitterMs;
    if (waitMs > 0) counts.delayed += 1;
    if (random.chance(lossShare)) {
      counts.lost += 1;
      waitMs += RETRANSMIT_MS;
    }
    this.#waiting.push({ bytes, dueAtMs: performance.now() + waitMs });
    this.#waitingBytes += bytes.byteLength;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#from.pause();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
        const waitMs = chunk.dueAtMs - performance.now();
        if (waitMs > 0) await delay(waitMs);
        this.#waitingBytes -= chunk.bytes.byteLength;
        if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#from.resume();
        await this.#pass(chunk.bytes);
      }
    } finally {
      this.#running = false;
    }
    if (!this.#ended) return;
    if (this.#parts.fault().halfOpen === true) this.#parts.broken();
    else this.#to.end();
  }

  async #pass(bytes: Buffer): Promise<void> {
    const { fault, random, counts, broken } = this.#parts;
    const { halfOpen = false, corruptShare = 0, reorderShare = 0 } = fault();
    if (halfOpen) {
      counts.swallowed += bytes.byteLength;
      broken();
      return;
    }
    const next = random.chance(reorderShare) ? this.#waiting.shift() : undefined;
    if (next !== undefined) {
      counts.reordered += 1;
      this.#waitingBytes -= next.bytes.byteLength;
      await this.#write(next.bytes);
    }
    if (random.chance(corruptShare)) {
      counts.corrupted += 1;
      const at = random.between(0, bytes.byteLength - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7));
    }
    await this.#write(bytes);
  }

  async #write(bytes: Buffer): Promise<void> {
    const { fault, counts } = this.#parts;
    for (let rest = bytes; rest.byteLength > 0 && !this.#to.destroyed; ) {
      const { dripBytesPerSecond } = fault();
      const drip =
        dripBytesPerSecond === undefined ? rest.byteLength : Math.ceil((dripBytesPerSecond * DRIP_EVERY_MS) / 1000);
      const piece = rest.subarray(0, drip);
      rest = rest.subarray(piece.byteLength);
      const taken = this.#to.write(piece);
      if (dripBytesPerSecond !== undefined) {
        counts.dripped += piece.byteLength;
        await delay(DRIP_EVERY_MS);
      }
      if (!taken) await drained(this.#to);
    }
  }
}

/** Resolves when the socket takes more, or never will. */
function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
