import type { ParsedFile } from './source-file.ts';

/** A place that breaks a rule. */
export interface Fault {
  readonly line: number;
  /** What stands there, as the rest of a sentence that begins with the place: "imports node:fs". */
  readonly what: string;
}

/** A rule of the house over one file: a pure function that says why it exists and how to satisfy it. */
export interface Rule {
  /** The rule in the present tense; the title of its test. */
  readonly name: string;
  readonly why: string;
  readonly fix: string;
  readonly find: (file: ParsedFile) => readonly Fault[];
}

/** Every break of a rule as a sentence with its place, its reason and its cure. */
export function complaints(rule: Rule, files: readonly ParsedFile[]): readonly string[] {
  return files.flatMap((file) =>
    rule.find(file).map(({ line, what }) => `${file.path}:${line} ${what}. Why not: ${rule.why}. To fix: ${rule.fix}.`),
  );
}
