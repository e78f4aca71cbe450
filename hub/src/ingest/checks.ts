import { MooringError } from '@mooring/proto';
import { cleanText } from './clean-text.ts';

/** Characters of a sentence: longer ones are output of programs and belong in logs. */
export const MAX_SENTENCE = 500;
/** Characters of a name, an id, a digest or a field path. */
export const MAX_NAME = 256;
/** Entries of one list in a message: more is no host that people run. */
export const MAX_ENTRIES = 1000;

/** The error for a message that is not as the protocol says. */
export function invalid(what: string, reason: string): MooringError {
  return new MooringError('INVALID_ARGUMENT', `Cannot take ${what}: ${reason}`);
}

/** A name from a host, safe to show. */
export function name(text: string): string {
  return cleanText(text, MAX_NAME);
}

/** A sentence from a host, safe to show. */
export function sentence(text: string): string {
  return cleanText(text, MAX_SENTENCE);
}

/** A time or count that fits the store. Throws INVALID_ARGUMENT. */
export function count(value: bigint, what: string): bigint {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(what, `${value} is out of range; 0 to ${Number.MAX_SAFE_INTEGER} is wanted`);
  }
  return value;
}

/** A list of at most `MAX_ENTRIES`. Throws INVALID_ARGUMENT. */
export function entries<T>(list: readonly T[], what: string): readonly T[] {
  if (list.length > MAX_ENTRIES) {
    throw invalid(what, `it has ${list.length} entries; at most ${MAX_ENTRIES} are wanted`);
  }
  return list;
}

/** A value of an enumeration whose members count from 1. Throws INVALID_ARGUMENT. */
export function member<T extends number>(values: Readonly<Record<string, T>>, value: T, what: string): T {
  if (value === 0 || !isMember(values, value)) {
    throw invalid(what, `${value} is no member of it; one that this version knows is wanted`);
  }
  return value;
}

/**
 * A value of an enumeration, or `otherwise` for one that a later release may have added: a host that knows more than this hub must still be seen.
 * Throws INVALID_ARGUMENT for what no release sends.
 */
export function memberOr<T extends number>(
  values: Readonly<Record<string, T>>,
  value: T,
  { what, otherwise }: { readonly what: string; readonly otherwise: T },
): T {
  if (value <= 0) return member(values, value, what);
  return isMember(values, value) ? value : otherwise;
}

/** True for a value that this release knows. */
export function isMember(values: Readonly<Record<string, number>>, value: number): boolean {
  return membersOf(values).has(value);
}

/** The members of each enumeration, listed once. */
const MEMBERS = new WeakMap<object, ReadonlySet<number>>();

function membersOf(values: Readonly<Record<string, number>>): ReadonlySet<number> {
  const known = MEMBERS.get(values);
  if (known !== undefined) return known;
  const members = new Set(Object.values(values));
  MEMBERS.set(values, members);
  return members;
}
