import type { Label } from '@mooring/proto';

/** One field below what it belongs to, in Compose's own words: where it stands, and its value as text. */
export type Field = readonly [path: string, text: string];

/** Keys that stand in a path as they are. */
const PLAIN_KEY = /^[\w-]+$/;

/** The path of a key: `environment.LOG`, `labels["a.b"]`. */
export function keyPath(parent: string, key: string): string {
  return PLAIN_KEY.test(key) ? `${parent}.${key}` : `${parent}[${JSON.stringify(key)}]`;
}

/** Fields of a list of names and values, each under its name. */
export function labelFields(path: string, labels: readonly Label[]): readonly Field[] {
  return labels.map(({ name, value }) => [keyPath(path, name), quoted(value)]);
}

/** A field that is there when its text is not empty. */
export function unlessEmpty(path: string, text: string): readonly Field[] {
  return text === '' ? [] : [[path, text]];
}

/** A field that is there when it is true. */
export function whenTrue(path: string, value: boolean): readonly Field[] {
  return value ? [[path, 'true']] : [];
}

/** An empty text is a value too. */
export function quoted(text: string): string {
  return text === '' ? '""' : text;
}
