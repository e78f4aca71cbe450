import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds before the first attempt after a failure; each further one waits twice as long. */
const FIRST_RETRY_MS = 1000;
/** Milliseconds between attempts while failing, unless polls are further apart: a server that returns is noticed within a minute. */
const MAX_RETRY_MS = 30_000;

/** Paces a loop: the poll interval while it works, growing pauses while it fails, both spread so that hubs do not ask in step. */
export class Pacer {
  private readonly pollMs: number;
  private readonly signal: AbortSignal;
  private failures = 0;

  constructor(pollMs: number, signal: AbortSignal) {
    this.pollMs = pollMs;
    this.signal = signal;
  }

  /** Waits before the next attempt; returns early when the signal is aborted. */
  async pause(works: boolean): Promise<void> {
    this.failures = works ? 0 : this.failures + 1;
    const delay = pauseMs(this.pollMs, this.failures, Math.random());
    await sleep(delay, undefined, { signal: this.signal }).catch(() => undefined);
  }
}

/** Milliseconds to wait after so many failures in a row; `random` from 0 to 1 takes off up to a fifth, or half while failing. */
export function pauseMs(pollMs: number, failures: number, random: number): number {
  if (failures === 0) return pollMs * (1 - random / 5);
  const longest = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), Math.max(MAX_RETRY_MS, pollMs));
  return longest * (1 - random / 2);
}
