import { type Field, refusalAt, unknownKey } from './field.ts';
import { ignoredKey, type Warn } from './warn.ts';

/** What may stand in a mapping, each with the reason where it is not read. */
export interface KnownKeys {
  readonly read: readonly string[];
  readonly refused: Readonly<Record<string, string>>;
  /** Keys that docker compose reads and does nothing with either. */
  readonly ignored?: Readonly<Record<string, string>>;
}

/**
 * Refuses every key that is not read: COMPOSE_UNSUPPORTED_KEY by name and reason, or COMPOSE_UNKNOWN_KEY. `x-*` is always fine. Of keys that are
 * ignored `warn` hears.
 */
export function checkKeys(field: Field, { read, refused, ignored = {} }: KnownKeys, warn?: Warn): void {
  for (const { key, keyAt, value } of field.entries()) {
    if (key.startsWith('x-') || read.includes(key)) continue;
    const place = { ...keyAt, field: value.path };
    const harmless = Object.hasOwn(ignored, key) ? ignored[key] : undefined;
    if (harmless !== undefined) {
      warn?.(ignoredKey(place, harmless));
      continue;
    }
    const reason = Object.hasOwn(refused, key) ? refused[key] : undefined;
    if (reason === undefined) throw unknownKey(key, place, [...read, ...Object.keys(refused), ...Object.keys(ignored)]);
    throw refusalAt(place, 'COMPOSE_UNSUPPORTED_KEY', { what: `it ${reason}; a file without it is wanted` });
  }
}
