/** Chance that a seed decides: the same seed, the same answers in the same order (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** True so often. */
  chance(share: number): boolean {
    return this.fraction() < share;
  }

  pick<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.fraction() * all.length)];
  }

  /** Another source that this one decides, so that what one part asks for changes nothing for the others. */
  fork(): Random {
    return new Random(this.between(0, 2 ** 32 - 1));
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.between(0, 255));
  }

  hex(digits: number): string {
    return Buffer.from(this.bytes(digits / 2)).toString('hex');
  }

  uuid(): string {
    const digits = this.hex(32);
    return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
      '-',
    );
  }
}
