/** Milliseconds in which one kind of refusal is told once: whoever knocks all day must not fill the event log. */
const INTERVAL_MS = 60_000;
/** Kinds that are remembered at once. */
const MAX_KINDS = 1000;

/** Lets one event of a kind through per minute and counts the others. */
export class RefusalGate {
  readonly #seen = new Map<string, { readonly sinceMs: number; suppressed: number }>();

  /** Undefined: say nothing now. A number: say it, and that so many were not told since the last. */
  pass(kind: string, nowMs: number): number | undefined {
    const last = this.#seen.get(kind);
    if (last !== undefined && nowMs - last.sinceMs < INTERVAL_MS) {
      last.suppressed += 1;
      return undefined;
    }
    const oldest = this.#seen.keys().next().value;
    if (this.#seen.size >= MAX_KINDS && oldest !== undefined) this.#seen.delete(oldest);
    this.#seen.delete(kind);
    this.#seen.set(kind, { sinceMs: nowMs, suppressed: 0 });
    return last?.suppressed ?? 0;
  }
}
