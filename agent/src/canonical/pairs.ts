/** Labels, options and the like as a mapping; of two with the same name the later one wins. */
export function pairs(
  entries: readonly { readonly name: string; readonly value: string }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}
