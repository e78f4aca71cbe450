import { MooringError, type Place } from '@mooring/proto';
import { nearest } from '../compose/nearest.ts';

/** What each stack comes after, as fleet.yaml says. */
type Order = Readonly<Record<string, { readonly after?: readonly string[] | undefined }>>;

/** What is wrong with the order of stacks: FLEET_AFTER_UNKNOWN, FLEET_AFTER_CYCLE, each at the name that stands in the way. */
export function orderErrors(
  stacks: Order,
  place: (keys: readonly (string | number)[]) => Place,
): readonly MooringError[] {
  const names = Object.keys(stacks).sort();
  return names.flatMap((name) =>
    (stacks[name]?.after ?? []).flatMap((other, index) => {
      const at = { place: place(['stacks', name, 'after', index]) };
      const field = `stacks.${name}.after[${index}] in fleet.yaml`;
      if (!Object.hasOwn(stacks, other)) {
        const meant = nearest(other, names);
        const message = `Cannot read ${field}: there is no stack ${JSON.stringify(other)}; the name of a stack is wanted`;
        return [
          new MooringError('FLEET_AFTER_UNKNOWN', message, {
            ...at,
            hint: meant === undefined ? undefined : `Did you mean ${meant}?`,
          }),
        ];
      }
      const way = wayBack(stacks, other, name);
      // A circle is told once, by the stack whose name comes first.
      if (way === undefined || way.some((each) => each < name)) return [];
      const message = `Cannot read ${field}: ${[name, ...way].join(' waits for ')}; an order without a circle is wanted`;
      return [new MooringError('FLEET_AFTER_CYCLE', message, at)];
    }),
  );
}

/** Stacks from one to another, both included, each after the next; undefined: there is no way. */
function wayBack(stacks: Order, from: string, to: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  const waiting = [from];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (next === to) {
      const way: string[] = [];
      for (let each: string | undefined = to; each !== undefined; each = cameFrom.get(each)) way.unshift(each);
      return way;
    }
    for (const other of stacks[next]?.after ?? []) {
      if (cameFrom.has(other)) continue;
      cameFrom.set(other, next);
      waiting.push(other);
    }
  }
  return undefined;
}
