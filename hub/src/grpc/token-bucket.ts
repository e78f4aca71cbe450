/** Keys that are remembered at once; more would let an attacker with many addresses fill the memory. */
const MAX_KEYS = 10_000;

/** Lets `burst` through at once and `perSecond` in the long run, for each key. */
export class TokenBuckets {
  readonly #levels = new Map<string, { level: number; atMs: number }>();
  readonly #limits: { readonly burst: number; readonly perSecond: number };

  constructor(limits: { readonly burst: number; readonly perSecond: number }) {
    this.#limits = limits;
  }

  /** Takes one of the key's tokens; false: there is none. */
  take(key: string, nowMs: number): boolean {
    const { burst, perSecond } = this.#limits;
    const present = this.#levels.get(key);
    const refilled =
      present === undefined ? burst : present.level + (Math.max(0, nowMs - present.atMs) / 1000) * perSecond;
    const level = Math.min(burst, refilled);
    const taken = level >= 1;
    this.#levels.delete(key);
    this.#levels.set(key, { level: taken ? level - 1 : level, atMs: nowMs });
    const oldest = this.#levels.keys().next().value;
    if (this.#levels.size > MAX_KEYS && oldest !== undefined) this.#levels.delete(oldest);
    return taken;
  }
}
