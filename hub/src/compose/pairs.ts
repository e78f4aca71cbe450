import type { Field } from './field.ts';
import type { Label } from './model.ts';

/** A mapping of names to texts, numbers or booleans, sorted by name; a value that is empty is an empty text. */
export function readPairs(field: Field | undefined): readonly Label[] {
  const pairs = (field?.entries() ?? []).map(({ key, value }) => ({ name: key, value: value.scalarText() }));
  return pairs.sort(byName);
}

/** By code units, which no locale changes. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
