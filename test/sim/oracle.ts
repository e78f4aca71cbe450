import type { ContainerFact, Timed } from './history.ts';

/** Judges a history, fact by fact: one thing that must always hold. */
export interface Oracle {
  readonly name: string;
  /** What is wrong, as one sentence; undefined: nothing. */
  take(fact: Timed): string | undefined;
}

/** The host that the hub knows, of a host or its copy. */
export function known(host: string): string {
  return host.split('~')[0] ?? host;
}

/** What was done to a container, as a clause. */
export function describe({ host, by, action, name, id }: ContainerFact): string {
  return `the ${by} of ${host} did ${action} ${name} (${id.slice(0, 12)})`;
}
