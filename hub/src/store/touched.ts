import type { Write } from './write.ts';

/** Whose state may look different after a change: hosts that reported, nobody's (an empty set), or anybody's. */
export type Touched = ReadonlySet<string> | 'fleet';

const NOBODY: Touched = new Set();

/** Whose state a change touches. */
export function touchedBy({ kind, takes }: Write): Touched {
  if (kind === 'addEvents') return NOBODY;
  // Reports are most of what is written, and say whom they concern.
  if (kind === 'putReport' && 'host' in takes && typeof takes.host === 'string') return new Set([takes.host]);
  return 'fleet';
}

/** Whoever is touched by any of them. */
export function touchedByAny(changes: Iterable<Touched>): Touched {
  const hosts = new Set<string>();
  for (const touched of changes) {
    if (touched === 'fleet') return touched;
    for (const host of touched) hosts.add(host);
  }
  return hosts;
}
