/** How results are printed. */
export type Format = 'table' | 'json' | 'yaml';

/** A result: what programs read, and what people read. */
export interface Printable {
  readonly json: unknown;
  readonly text: string;
}

/** Prints one result to stdout. JSON is YAML too (YAML 1.2, 1.3), which spares the agent a second writer. */
export function print(format: Format, { json, text }: Printable): void {
  const lines = (format === 'table' ? text : JSON.stringify(json, undefined, 2)).split('\n');
  process.stdout.write(`${lines.map(escapeControls).join('\n')}\n`);
}

/** What hub, engine or images said may hold escape sequences: what is not printable is shown as `\u001b`, which in JSON reads back as it was. */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
