import { type ErrorCode, type MooringError, type Problem, Severity } from '@mooring/proto';
import type { Tell } from '../apply/ports.ts';

/** Milliseconds in which one kind of refusal is told once. */
const QUIET_MS = 60_000;

/** Refusals that an honest hub and broker never cause. */
const SUSPICIOUS: ReadonlySet<ErrorCode> = new Set([
  'ASSIGNMENT_UNSIGNED',
  'ASSIGNMENT_KEY_UNKNOWN',
  'ASSIGNMENT_SIGNATURE',
  'ASSIGNMENT_TYPE',
  'ASSIGNMENT_WRONG_FLEET',
  'ASSIGNMENT_WRONG_HOST',
  'ASSIGNMENT_EQUIVOCATION',
  'ASSIGNMENT_ROLLBACK',
  'ASSIGNMENT_SEAL',
  'OBJECT_DIGEST',
  'OBJECT_SEAL',
]);

/** Counts refused assignments: one event per kind and minute, and the newest as a problem of the host. */
export class Refusals {
  readonly #tell: Tell;
  readonly #nowMs: () => number;
  readonly #kinds = new Map<ErrorCode, { toldAtMs: number; untold: number }>();
  #newest: Problem | undefined;

  constructor(tell: Tell, nowMs: () => number) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  /** The newest since the last accepted assignment; undefined: none. */
  get newest(): Problem | undefined {
    return this.#newest;
  }

  /** Something was refused; `stack` where only one stack is concerned. */
  count(error: MooringError, stack = ''): void {
    const nowMs = this.#nowMs();
    const known = this.#kinds.get(error.code);
    if (stack === '') {
      const sinceMs = this.#newest?.code === error.code ? this.#newest.sinceMs : BigInt(nowMs);
      this.#newest = { code: error.code, message: error.message, hint: error.hint ?? '', sinceMs };
    }
    // A clock that was set back must not keep it quiet until it has caught up.
    if (known !== undefined && nowMs >= known.toldAtMs && nowMs - known.toldAtMs < QUIET_MS) {
      known.untold += 1;
      return;
    }
    const before = known?.untold ?? 0;
    this.#kinds.set(error.code, { toldAtMs: nowMs, untold: 0 });
    this.#tell({
      kind: stack === '' ? 'assignment.refused' : 'stack.refused',
      severity: SUSPICIOUS.has(error.code) ? Severity.SEVERITY_SECURITY : Severity.SEVERITY_ERROR,
      message: before === 0 ? error.message : `${error.message} (${before} more like it before)`,
      code: error.code,
      stack,
    });
  }

  /** An assignment was accepted: what was refused before is history. */
  clear(): void {
    this.#newest = undefined;
  }
}
