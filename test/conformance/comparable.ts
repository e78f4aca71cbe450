/** A service in the few words that docker compose's canonical model and a bundle have in common. Absent and empty are the same. */
export type Comparable = { readonly [key: string]: ComparableValue };

/** Undefined: nothing is said. */
export type ComparableValue = string | number | boolean | undefined | readonly ComparableValue[] | Comparable;

/** What differs, as `path: one, not other`. */
export function differences(found: ComparableValue, wanted: ComparableValue, path = ''): readonly string[] {
  if (isMapping(found) || isMapping(wanted)) {
    const [one, other] = [found, wanted].map((side) => (isMapping(side) ? side : {}));
    const keys = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})]);
    return [...keys]
      .sort()
      .flatMap((key) => differences(one?.[key], other?.[key], path === '' ? key : `${path}.${key}`));
  }
  const [one, other] = [found, wanted].map((side) => JSON.stringify(emptied(side)));
  return one === other ? [] : [`${path}: ${one ?? 'nothing'}, not ${other ?? 'nothing'}`];
}

function isMapping(value: ComparableValue): value is Comparable {
  return typeof value === 'object' && !Array.isArray(value);
}

function emptied(value: ComparableValue): ComparableValue {
  const isEmpty = value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
  return isEmpty ? undefined : value;
}

/** A mapping of names to values. */
export function byName<T>(items: readonly T[], entry: (item: T) => readonly [string, ComparableValue]): Comparable {
  return Object.fromEntries(items.map(entry));
}
