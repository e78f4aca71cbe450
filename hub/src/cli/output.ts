import { escapeControls } from './table.ts';
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
  /** Prints a model that is not ours, value for value as it is: JSON, which is YAML too. */
  foreign(json: unknown): void;
  /** Something said on the way, never part of the result. */
  note(text: string): void;
}

/** Writes one YAML document: `formatYaml`, which only who asks for YAML loads. */
export type YamlWriter = (json: unknown) => string;

/** Writes to the process's own streams, YAML where a writer of it is given. Nothing that a host or a repository said reaches a terminal as a control character. */
export function createOutput(format: Format, formatYaml: YamlWriter = formatJson): Output {
  return {
    format,
    result: (json, text) => process.stdout.write(`${formatted(format, { json, text, formatYaml, indent: 2 })}\n`),
    item: (json, text) => process.stdout.write(`${formatted(format, { json, text, formatYaml })}\n`),
    foreign: (json) => process.stdout.write(`${escapeLines(JSON.stringify(json, undefined, 2))}\n`),
    note: (text) => process.stderr.write(`${escapeLines(text)}\n`),
  };
}

/** JSON as this program prints it: words for states, and no character that a terminal acts on. */
export function formatJson(json: unknown, indent?: number): string {
  // Only strings can hold them, so what is escaped here is read back as what it was; a line break is JSON's own.
  return escapeLines(JSON.stringify(plain(json), undefined, indent));
}

interface Printed {
  readonly json: unknown;
  readonly text: () => string;
  readonly formatYaml: YamlWriter;
  readonly indent?: number;
}

function formatted(format: Format, { json, text, formatYaml, indent }: Printed): string {
  switch (format) {
    case 'json':
      return formatJson(json, indent);
    case 'yaml':
      return formatYaml(json);
    case 'table':
      return escapeLines(text());
  }
}

/** The text with every character shown that a terminal would act on. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n');
}
