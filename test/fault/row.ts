import type { Stage } from './stage.ts';

/** What a row shows. */
export interface Observed {
  /** What was done, with what proves that it was in force. */
  readonly injected: string;
  readonly observed: string;
}

/** One row of the fault matrix: does something to a fleet that is well, and leaves it well. Throws where the promise does not hold. */
export interface Row {
  readonly number: number;
  readonly part: Part;
  readonly fault: string;
  readonly run: (stage: Stage) => Promise<Observed>;
}

/** A row that is not run here, with the reason, and where the promise is shown instead, if it is. */
export interface AbsentRow {
  readonly number: number;
  readonly part: Part;
  readonly fault: string;
  readonly reason: string;
}

/** The component that the fault hits. */
export type Part =
  | 'agent'
  | 'dockerd'
  | 'registry'
  | 'broker'
  | 'net'
  | 'hub'
  | 'git'
  | 'cli'
  | 'upgrade'
  | 'host'
  | 'load'
  | 'secrets';

/** Fails the row unless it is so. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
