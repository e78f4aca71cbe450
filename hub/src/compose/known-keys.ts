import { type Field, refusalAt, unknownKey } from './field.ts';

/** What may stand in a mapping: keys that are read, and keys of the specification that are refused with their reason. */
export interface KnownKeys {
  readonly read: readonly string[];
  readonly refused: Readonly<Record<string, string>>;
}

/** Refuses every key that is not read: COMPOSE_UNSUPPORTED_KEY by name and reason, or COMPOSE_UNKNOWN_KEY. `x-*` is always fine. */
export function checkKeys(field: Field, { read, refused }: KnownKeys): void {
  for (const { key, keyAt, value } of field.entries()) {
    if (key.startsWith('x-') || read.includes(key)) continue;
    const place = { ...keyAt, field: value.path };
    const reason = Object.hasOwn(refused, key) ? refused[key] : undefined;
    if (reason === undefined) throw unknownKey(key, place, [...read, ...Object.keys(refused)]);
    throw refusalAt(place, 'COMPOSE_UNSUPPORTED_KEY', { what: `it ${reason}; a file without it is wanted` });
  }
}
