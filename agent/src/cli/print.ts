/** How results are printed. */
export type Format = 'table' | 'json' | 'yaml';

/** A result: what programs read, and what people read. */
export interface Printable {
  readonly json: unknown;
  readonly text: string;
}

/** Prints one result to stdout. JSON is YAML too (YAML 1.2, 1.3), which spares the agent a second writer. */
export function print(format: Format, { json, text }: Printable): void {
  process.stdout.write(`${format === 'table' ? text : JSON.stringify(json, undefined, 2)}\n`);
}
