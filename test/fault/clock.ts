import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A wall clock that is off, for one program. No libfaketime: the program's own `Date` is moved, as `clock.mjs` says. */
export class Clock {
  readonly #file: string;

  constructor(folder: string, offsetMs: number) {
    this.#file = join(folder, 'clock');
    this.set(offsetMs);
  }

  /** What the environment of the program must have. */
  get environment(): Record<string, string> {
    const script = join(import.meta.dirname, 'clock.mjs');
    return { NODE_OPTIONS: `--import=file://${script}`, MOORING_TEST_CLOCK: this.#file };
  }

  /** Makes the clock jump, also while the program runs. */
  set(offsetMs: number): void {
    writeFileSync(this.#file, String(offsetMs));
  }
}

/** Milliseconds of a day. */
export const DAY_MS = 24 * 60 * 60 * 1000;
