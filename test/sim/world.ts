import type { Bug } from './bugs.ts';
import { type Fact, History, type Timed } from './history.ts';
import type { Oracle } from './oracle.ts';
import { createOracles } from './oracles.ts';
import { Random } from './random.ts';
import { Schedule } from './schedule.ts';
import { SimBroker } from './sim-broker.ts';
import { AUDIT_MS, OUTBOX_BOUNDS, SimHost } from './sim-host.ts';
import { SimHub } from './sim-hub.ts';
import { SimRepository } from './sim-source.ts';
import { CANARY, firstTree } from './stacks.ts';
import { truthOf } from './truth.ts';

/** 2026-01-01: any moment would do. */
const EPOCH_MS = 1_767_225_600_000;
/** Milliseconds between looks at the whole. */
const LOOK_MS = 10_000;

/** Milliseconds for each promise: what the product's own bounds add up to, and the ways between. */
export const BOUNDS = {
  // An audit, a call to an engine that hangs, three heartbeats, a restart of the agent.
  noticeMs: AUDIT_MS + 2 * 30_000 + 30_000 + 30_000,
  // Three heartbeats, the sweep that looks for them, and the time between two looks of ours.
  silenceMs: 3 * 10_000 + 1_000,
  // The longest pause after failures, a healthcheck that never succeeds, and a reconnection, twice.
  settleMs: 15 * 60_000,
} as const;

/** Something that must not be. */
export interface Violation {
  readonly oracle: string;
  readonly what: string;
  /** Scheduler events until then. */
  readonly step: number;
  readonly atMs: number;
}

/** What a world is made with. */
export interface WorldOptions {
  readonly seed: number;
  readonly hosts: number;
  readonly bug?: Bug | undefined;
  /** Hears every fact, for a trace. */
  readonly onFact?: ((line: string, fact: Timed) => void) | undefined;
}

/** A fleet over simulated machines: everything that a seed decides. */
export class World {
  readonly schedule = new Schedule();
  readonly random: Random;
  readonly history: History;
  readonly broker: SimBroker;
  readonly repository: SimRepository;
  readonly hub: SimHub;
  readonly hosts: readonly SimHost[];
  readonly violations: Violation[] = [];
  readonly #oracles: readonly Oracle[];
  readonly #bug: Bug | undefined;
  #copies = 0;
  #trace: readonly string[] = [];

  constructor({ seed, hosts, bug, onFact }: WorldOptions) {
    this.#bug = bug;
    this.random = new Random(seed);
    this.#oracles = createOracles({ ...BOUNDS, secrets: [CANARY] });
    this.history = new History(
      () => this.schedule.nowMs,
      (fact) => {
        onFact?.(lineOf(fact), fact);
        this.#judge(fact);
      },
    );
    const names = Array.from({ length: hosts }, (_, index) => `web-${index + 1}`);
    const { schedule, random, history } = this;
    this.broker = new SimBroker(random.fork(), history);
    this.repository = new SimRepository(firstTree(names, random.fork()), random.fork());
    const machine = { schedule, history, broker: this.broker, epochMs: EPOCH_MS };
    this.hub = new SimHub({ ...machine, random: random.fork(), repository: this.repository, hosts: names });
    this.hosts = names.map((name) => new SimHost({ ...machine, name, random: random.fork(), hub: this.hub }));
    bug?.plant(this);
    this.hub.start();
    for (const host of this.hosts) host.start();
    this.#lookOften();
  }

  /** A second machine with the keys of a host. */
  copyOf(host: SimHost): SimHost {
    const { schedule, random, history, broker, hub } = this;
    this.#copies += 1;
    const name = `${host.name}~${this.#copies + 1}`;
    return new SimHost({
      name,
      schedule,
      random: random.fork(),
      history,
      hub,
      broker,
      epochMs: EPOCH_MS,
      copyOf: host,
    });
  }

  /** Whether a host is as it should be and has told everything. */
  async isSettled(host: SimHost, shown: ReadonlyMap<string, string>): Promise<boolean> {
    const issued = this.hub.newest(host.name);
    if (issued === undefined || !host.isRunning || shown.get(host.name)?.startsWith('Synced') !== true) return false;
    if (this.hub.accepted !== this.repository.head.name || host.outbox.events > 0) return false;
    return (await truthOf(host, issued, this.hub.fleet.id)).wrong.length === 0;
  }

  #lookOften(): void {
    this.schedule.after(LOOK_MS, () => {
      void this.#look();
      this.#lookOften();
    });
  }

  async #look(): Promise<void> {
    for (const host of this.hosts) {
      const { events, bytes } = host.outbox;
      const { events: maxEvents, bytes: maxBytes } = OUTBOX_BOUNDS;
      this.history.add({ kind: 'outbox', host: host.name, events, bytes, maxEvents, maxBytes });
      const issued = this.hub.newest(host.name);
      if (issued === undefined) continue;
      this.history.add({ kind: 'truth', host: host.name, ...(await truthOf(host, issued, this.hub.fleet.id)) });
    }
    for (const [host, sync] of (await this.hub.show()) ?? []) this.history.add({ kind: 'shown', host, sync });
  }

  #judge(fact: Timed): void {
    for (const oracle of this.#oracles) {
      const what = oracle.take(fact);
      if (what === undefined || (this.#bug !== undefined && this.#bug.oracle !== oracle.name)) continue;
      if (this.violations.length === 0) this.#trace = this.history.newest.map(lineOf);
      this.violations.push({ oracle: oracle.name, what, step: this.schedule.steps, atMs: fact.atMs });
    }
  }

  /** How every host stands, in one line each. */
  async standing(): Promise<readonly string[]> {
    const shown = await this.hub.show(true);
    const { accepted } = this.hub;
    const head = accepted === this.repository.head.name ? 'the head is accepted' : 'the head is not accepted';
    return this.hosts.map(({ name, isRunning, outbox }) => {
      const sync = shown?.get(name) ?? 'not shown';
      return `${name}: ${isRunning ? 'runs' : 'is down'}, ${sync}, ${outbox.events} events wait; ${head}`;
    });
  }

  /** What came before the first violation, oldest first. */
  get trace(): readonly string[] {
    return this.#trace;
  }

  add(fact: Fact): void {
    this.history.add(fact);
  }
}

/** A fact in one line. Digests hang on the nonces of what is sealed, which no seed decides. */
function lineOf({ kind, atMs, ...rest }: Timed): string {
  const text = JSON.stringify(rest, (key, value) => {
    if (key === 'wants' || key === 'sound') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
  const plain = text.replace(/sha256:[0-9a-f]{64}/g, 'sha256:…');
  return `${(atMs / 1000).toFixed(1)} s ${kind} ${plain.slice(0, 240)}`;
}
