/** What waiting relies on: time that nobody sets back, and chance. */
export interface Timers {
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
  /** Runs something once, so many milliseconds from now; returns what calls it off. */
  after(ms: number, run: () => void): () => void;
  /** Anything from 0 to below 1. */
  chance(): number;
}

/** The machine's own. */
export const MACHINE_TIMERS: Timers = {
  monotonicMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  chance: Math.random,
};

/** Runs something again and again; returns what ends it. */
export function every(timers: Timers, ms: number, run: () => void): () => void {
  let cancel = timers.after(ms, again);
  function again(): void {
    cancel = timers.after(ms, again);
    run();
  }
  return () => cancel();
}
