/** One row of the matrix of bad inputs, or one spelling of it. */
export interface Row {
  /** Its number in the matrix. */
  readonly number: number;
  /** What is given. */
  readonly input: string;
  /** Gives it to the program that takes such input, and returns in one line what came of it. */
  readonly give: () => Promise<string>;
  /** What the line must say. */
  readonly wanted: RegExp;
}

/** A row that nothing takes today. */
export interface AbsentRow {
  readonly number: number;
  readonly input: string;
  /** Why it does not apply. */
  readonly why: string;
}

/** Rows that share what takes them. */
export interface Group {
  readonly name: string;
  readonly rows: readonly Row[];
  /** Processes that take the inputs and must outlive all of them. */
  readonly takers: readonly Taker[];
  /** Gives a good input of the same kind; rejects when it no longer works. */
  readonly good: () => Promise<void>;
  /** Lets go of what the rows needed. */
  readonly close?: () => Promise<void>;
}

/** A program that takes bad inputs. */
export interface Taker {
  readonly name: string;
  readonly pid: () => number;
  readonly running: () => boolean;
  /** Where the probe inside it notes how long it was busy at a stretch. */
  readonly probe: string;
  /** Bytes of memory that one input may add at its peak. */
  readonly growthBytes: number;
}

/** What is said of one row. */
export interface Finding {
  readonly number: number;
  readonly input: string;
  readonly got: string;
  readonly verdict: 'refused' | 'taken' | 'WRONG';
  /** What is wrong; empty: nothing. */
  readonly faults: readonly string[];
  /** The longest that a taker was busy at a stretch, in milliseconds; 0: nothing worth a note. */
  readonly busyMs: number;
  /** Bytes that the memory of a taker grew by at its peak. */
  readonly grewBytes: number;
}

/** Number and input of a row from a title such as `61: a message of 2 MiB`. */
export function titled(title: string): Pick<Row, 'number' | 'input'> {
  const at = title.indexOf(': ');
  return { number: Number(title.slice(0, at)), input: title.slice(at + 2) };
}
