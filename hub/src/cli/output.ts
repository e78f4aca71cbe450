import { dump } from 'js-yaml';
import { plain } from './words.ts';

/** How results are printed. */
export type Format = 'table' | 'json' | 'yaml';

/** Where results go: stdout for results, stderr for everything said on the way. */
export interface Output {
  readonly format: Format;
  /** Prints one result: its protobuf JSON for programs, `text` for people. */
  result(json: unknown, text: () => string): void;
  /** One item of a stream: a line of JSON, a YAML document, or a line of text. */
  item(json: unknown, text: () => string): void;
  /** Something said on the way, never part of the result. */
  note(text: string): void;
}

/** Writes to the process's own streams. */
export function createOutput(format: Format): Output {
  return {
    format,
    result: (json, text) => process.stdout.write(`${formatted(format, { json, text, indent: 2 })}\n`),
    item: (json, text) => process.stdout.write(`${formatted(format, { json, text })}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  };
}

interface Printed {
  readonly json: unknown;
  readonly text: () => string;
  readonly indent?: number;
}

function formatted(format: Format, { json, text, indent }: Printed): string {
  switch (format) {
    case 'json':
      return JSON.stringify(plain(json), undefined, indent);
    case 'yaml':
      return `---\n${dump(plain(json)).trimEnd()}`;
    case 'table':
      return text();
  }
}
