import { MooringError } from '@mooring/proto';
import type { Keep } from '../keep/open-keep.ts';

/** What the hub says over its authenticated channel. */
export interface NewestAssignment {
  /** 0: none was issued. */
  readonly generation: bigint;
  /** Of the envelope's bytes; empty: none. */
  readonly digest: string;
}

/**
 * Below which generation nothing is accepted. A host whose mark is not on its disk, because it just joined or because the file is gone, takes nothing
 * until the hub has said over mTLS what is the newest: otherwise whoever owns the broker could bring it anything that was ever signed for it.
 */
export class HighWater {
  #floor: bigint | undefined;
  /** True: the disk knew it, and nobody's word changes it. */
  readonly #known: boolean;
  /** True: a mark was there once. */
  readonly lost: boolean;

  constructor(floor: bigint | undefined, lost: boolean) {
    this.#floor = floor;
    this.#known = floor !== undefined;
    this.lost = lost;
  }

  /** Reads what the disk says. */
  static of(keep: Pick<Keep, 'accepted' | 'releases'>): HighWater {
    const read = keep.accepted.read();
    if (read.kind === 'accepted' || read.kind === 'previous') return new HighWater(read.accepted.generation, false);
    // Releases that were kept show that there was an assignment once, also when its file was taken away whole.
    return new HighWater(undefined, read.kind === 'lost' || keep.releases.all().length > 0);
  }

  /** True when assignments may be taken. */
  get confirmed(): boolean {
    return this.#floor !== undefined;
  }

  /**
   * The hub named the newest: a host that knew no mark takes that one or a later one. The lowest that it named counts, as it may take back one that no host
   * can ever take.
   */
  confirm({ generation }: NewestAssignment): void {
    if (this.#floor === undefined || (!this.#known && generation < this.#floor)) this.#floor = generation;
  }

  /** Refuses what lies below. Throws HIGH_WATER_LOST or ASSIGNMENT_ROLLBACK. */
  check(generation: bigint): void {
    if (this.#floor === undefined) throw highWaterLost();
    if (generation >= this.#floor) return;
    const message = `Cannot accept assignment: its generation ${generation} is older than ${this.#floor}, which the hub named; a newer one is wanted`;
    throw new MooringError('ASSIGNMENT_ROLLBACK', message);
  }
}

/** Why nothing is accepted while the mark is unknown. */
export function highWaterLost(): MooringError {
  return new MooringError(
    'HIGH_WATER_LOST',
    "Cannot accept assignment: this host's record of the newest one is lost; the hub's word over its own channel is wanted",
    { hint: 'It comes by itself as soon as the hub is reached; containers keep running.' },
  );
}
