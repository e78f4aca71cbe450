import { dump } from 'js-yaml';
import { escapeLines, formatJson } from './output.ts';
import { plain } from './words.ts';

/** One YAML document. */
export function formatYaml(json: unknown): string {
  const yaml = dump(plain(json)).trimEnd();
  // JSON is YAML too, and can say every character without sending it.
  return `---\n${escapeLines(yaml) === yaml ? yaml : formatJson(json, 2)}`;
}
