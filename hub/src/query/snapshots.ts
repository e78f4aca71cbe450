import type { HostFacts } from '../drift/host-facts.ts';
import { type HostView, viewHost } from '../drift/host-view.ts';
import { type StackSpread, spreadStacks } from '../drift/stack-summary.ts';
import type { StackHead } from '../store/store.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { QueryParts } from './parts.ts';

/** Milliseconds of cost above which a snapshot is used again although something changed: below, everybody sees what just happened. */
const COSTLY_MS = 10;
/** Times its own cost that a costly one is used: asking all the time takes at most a fifth of one core. */
const REUSE_COSTS = 4;

/** The fleet at one moment. */
export interface Snapshot {
  /** The last change that it knows of: who waits for news waits for what comes after it. */
  readonly version: number;
  /** Sorted by name, revoked ones included. */
  readonly hosts: readonly HostView[];
  readonly byName: ReadonlyMap<string, HostView>;
  /** Hosts that count: revoked ones are nobody's. */
  readonly active: readonly HostView[];
  /** Stacks of the hosts that count, sorted by name. */
  readonly stacks: readonly StackSpread[];
}

/** Judges the whole fleet, again only when something changed. */
export class Snapshots {
  readonly #parts: QueryParts;
  readonly #timers: Timers;
  #newest: { readonly snapshot: Snapshot; readonly atMs: number; readonly costMs: number } | undefined;

  constructor(parts: QueryParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? MACHINE_TIMERS;
  }

  take(): Snapshot {
    const { version } = this.#parts.changes;
    const startMs = this.#timers.monotonicMs();
    const newest = this.#newest;
    if (newest !== undefined) {
      const isFresh =
        newest.snapshot.version === version ||
        (newest.costMs > COSTLY_MS && startMs - newest.atMs < REUSE_COSTS * newest.costMs);
      if (isFresh) return newest.snapshot;
    }
    const snapshot = this.#judge(version);
    const atMs = this.#timers.monotonicMs();
    this.#newest = { snapshot, atMs, costMs: atMs - startMs };
    return snapshot;
  }

  #judge(version: number): Snapshot {
    const { store, presence, view } = this.#parts;
    const assignments = new Map(store.assignmentHeads().map((head) => [head.host, head]));
    const heads = new Map(store.hostHeads().map((head) => [head.host, head]));
    const stacks = Map.groupBy(store.stackHeads(), ({ host }) => host);
    const drift = store.driftCounts();
    const rendered = view().hosts;
    const hosts = store.hosts().map((host) => {
      const none: StackHead[] = [];
      const facts: HostFacts = {
        host,
        sighting: presence.sighting(host.name),
        assignment: assignments.get(host.name),
        head: heads.get(host.name),
        stacks: stacks.get(host.name) ?? none,
        rendered: rendered.get(host.name),
        driftCount: drift.get(host.name) ?? 0,
      };
      return viewHost(facts);
    });
    const active = hosts.filter(({ facts }) => facts.host.revokedAtMs === 0);
    const byName = new Map(hosts.map((host) => [host.facts.host.name, host]));
    return { version, hosts, byName, active, stacks: spreadStacks(active) };
  }
}
