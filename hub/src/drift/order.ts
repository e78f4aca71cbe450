import type { HealthState, SyncState } from '@mooring/proto';

interface Judged {
  readonly sync: SyncState;
  readonly health: HealthState;
}

/** Worst sync first, then worst health, then by name. */
export function worstFirst<T>(items: readonly T[], stateOf: (item: T) => Judged, nameOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, state: stateOf(item), name: nameOf(item) }))
    .sort((a, b) => a.state.sync - b.state.sync || a.state.health - b.state.health || compareNames(a.name, b.name))
    .map(({ item }) => item);
}

/** By code units, as SQLite sorts. */
export function compareNames(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
