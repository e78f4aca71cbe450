import { type HostView, viewHost } from '../drift/host-view.ts';
import { type StackSpread, spreadStacks } from '../drift/stack-summary.ts';
import type { StackHead } from '../store/store.ts';
import type { Touched } from '../store/touched.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { QueryParts } from './parts.ts';

/** Milliseconds of cost above which a snapshot is used again although something changed: below, everybody sees what just happened. */
const COSTLY_MS = 10;
/** Times its own cost that a costly one is used: asking all the time takes at most a fifth of one core. */
const REUSE_COSTS = 4;
/** One of so many hosts may have changed for the others to be left as they are: reading them one by one costs more than reading all at once. */
const FEW_OF = 4;

/** The fleet at one moment; what not everybody asks for is made when it is asked for. */
export class Snapshot {
  /** The last change that it knows of: who waits for news waits for what comes after it. */
  readonly version: number;
  /** Sorted by name, revoked ones included. */
  readonly hosts: readonly HostView[];
  #byName: ReadonlyMap<string, HostView> | undefined;
  #active: readonly HostView[] | undefined;
  #stacks: readonly StackSpread[] | undefined;

  constructor(version: number, hosts: readonly HostView[]) {
    this.version = version;
    this.hosts = hosts;
  }

  get byName(): ReadonlyMap<string, HostView> {
    this.#byName ??= new Map(this.hosts.map((host) => [host.facts.host.name, host]));
    return this.#byName;
  }

  /** Hosts that count: revoked ones are nobody's. */
  get active(): readonly HostView[] {
    this.#active ??= this.hosts.filter(({ facts }) => facts.host.revokedAtMs === 0);
    return this.#active;
  }

  /** Stacks of the hosts that count, sorted by name. */
  get stacks(): readonly StackSpread[] {
    this.#stacks ??= spreadStacks(this.active);
    return this.#stacks;
  }
}

/** Judges the fleet, again only where something changed. */
export class Snapshots {
  readonly #parts: QueryParts;
  readonly #timers: Timers;
  #newest: { readonly snapshot: Snapshot; readonly atMs: number; readonly costMs: number } | undefined;
  /** Where each host stands in the newest. */
  #places: ReadonlyMap<string, number> = new Map();

  constructor(parts: QueryParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? MACHINE_TIMERS;
  }

  take(): Snapshot {
    const { changes } = this.#parts;
    const { version } = changes;
    const startMs = this.#timers.monotonicMs();
    const newest = this.#newest;
    if (newest !== undefined) {
      const isFresh =
        newest.snapshot.version === version ||
        (newest.costMs > COSTLY_MS && startMs - newest.atMs < REUSE_COSTS * newest.costMs);
      if (isFresh) return newest.snapshot;
    }
    const hosts = this.#judge(newest?.snapshot.hosts ?? [], changes.takeTouched());
    const atMs = this.#timers.monotonicMs();
    const snapshot = new Snapshot(version, hosts);
    this.#newest = { snapshot, atMs, costMs: atMs - startMs };
    return snapshot;
  }

  #judge(before: readonly HostView[], touched: Touched): readonly HostView[] {
    const few = touched !== 'fleet' && touched.size * FEW_OF <= before.length;
    if (few && [...touched].every((host) => this.#places.has(host))) return this.#judgeAgain(before, touched);
    const hosts = this.#judgeAll();
    this.#places = new Map(hosts.map(({ facts }, index) => [facts.host.name, index]));
    return hosts;
  }

  /** Only what hosts say of themselves is new: who they are and what they were issued touches the whole fleet. */
  #judgeAgain(before: readonly HostView[], touched: ReadonlySet<string>): readonly HostView[] {
    const { store, presence } = this.#parts;
    const hosts = [...before];
    for (const host of touched) {
      const place = this.#places.get(host);
      const old = place === undefined ? undefined : before[place];
      if (place === undefined || old === undefined) continue;
      hosts[place] = viewHost({
        ...old.facts,
        sighting: presence.sighting(host),
        highWater: store.highWater(host),
        head: store.hostHeads(host)[0],
        stacks: store.stackHeads({ host }),
        driftCount: store.driftCounts({ host }).get(host) ?? 0,
      });
    }
    return hosts;
  }

  #judgeAll(): readonly HostView[] {
    const { store, presence, view } = this.#parts;
    const assignments = new Map(store.assignmentHeads().map((head) => [head.host, head]));
    const highWaters = store.highWaters();
    const heads = new Map(store.hostHeads().map((head) => [head.host, head]));
    const stacks = Map.groupBy(store.stackHeads(), ({ host }) => host);
    const drift = store.driftCounts();
    const rendered = view().hosts;
    return store.hosts().map((host) => {
      const none: StackHead[] = [];
      return viewHost({
        host,
        sighting: presence.sighting(host.name),
        assignment: assignments.get(host.name),
        highWater: highWaters.get(host.name) ?? 0n,
        head: heads.get(host.name),
        stacks: stacks.get(host.name) ?? none,
        rendered: rendered.get(host.name),
        driftCount: drift.get(host.name) ?? 0,
      });
    });
  }
}
