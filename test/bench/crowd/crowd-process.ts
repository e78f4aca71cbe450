/** Simulated agents, many in one process: `crowd-process.ts ROSTER`. What they are is in hub-side.ts and broker-side.ts. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { atATime } from './at-a-time.ts';
import { BareSubscriber } from './bare-subscriber.ts';
import { assignmentKeys, BrokerSide, type Holding } from './broker-side.ts';
import { answer } from './child.ts';
import { type Comeback, HubSide } from './hub-side.ts';
import { type AssignedStack, deltaReport, drifted, fullReport, stackState } from './report-content.ts';
import type { Roster } from './roster.ts';

const roster: Roster = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));

/** When the last of all held it, and the lowest generation that any of them holds. */
export interface Held {
  /** Unix milliseconds. */
  readonly lastMs: number;
  readonly lowestGeneration: bigint;
}

/** How a storm went, over all agents. */
export interface Storm extends Comeback {
  readonly tookMs: number;
}

/** One change of one stack of one agent. */
export interface StackChange {
  readonly agent: number;
  readonly change: number;
  readonly stack: AssignedStack;
}

/** Counts those that hold the newest. */
class Tally {
  #left = 0;
  #lowest = 0n;
  #done = Promise.withResolvers<Held>();

  begin(count: number): void {
    this.#left = count;
    this.#lowest = 0n;
    this.#done = Promise.withResolvers();
  }

  count(generation: bigint): void {
    this.#left -= 1;
    if (this.#lowest === 0n || generation < this.#lowest) this.#lowest = generation;
    if (this.#left === 0)
      this.#done.resolve({ lastMs: performance.timeOrigin + performance.now(), lowestGeneration: this.#lowest });
  }

  get done(): Promise<Held> {
    return this.#done.promise;
  }
}

/** Of which a report has about 1 kB. */
const SERVICES = ['cache', 'queue', 'web'];
const SHOP = { stack: 'shop', commit: 'c0ffee'.padEnd(40, '0'), bundle: `sha256:${'b'.repeat(64)}`, generation: 0n };
/** The same stack before and after a change. */
const STATES = { even: stackState(SHOP, SERVICES, 'e'), odd: stackState(SHOP, SERVICES, '0') };
/** One of so many hosts has drift. */
const DRIFTED_OF = 100;

const hubSides = roster.hosts.map((host) => new HubSide(host, roster));
const tally = new Tally();
const onHeld = (generation: bigint) => tally.count(generation);
const parts = { roster, keys: assignmentKeys(roster), onHeld };
const brokerSides = roster.hosts.map((host) => new BrokerSide(host, parts));
let bareSubscribers: readonly BareSubscriber[] = [];

const verbs = {
  /** Every agent connects, the next when one before has its welcome. Returns milliseconds. */
  connect: async ({ address, side }: { readonly address: string; readonly side: number }): Promise<number> => {
    const beganMs = performance.now();
    await atATime(side, hubSides, (agent) => agent.connect(address));
    return performance.now() - beganMs;
  },
  /** Every agent connects at a moment of its own within that time, and again until its first report is stored. */
  storm: async ({ address, withinMs }: { readonly address: string; readonly withinMs: number }): Promise<Storm> => {
    const beganMs = performance.now();
    const comebacks = await Promise.all(
      hubSides.map(async (agent, index) => {
        await delay((index / hubSides.length) * withinMs);
        return agent.comeBack(address, fullReport([STATES.even], 0n));
      }),
    );
    const sum = (of: (comeback: Comeback) => number) => comebacks.reduce((total, comeback) => total + of(comeback), 0);
    const tookMs = performance.now() - beganMs;
    return { tookMs, turnedAway: sum(({ turnedAway }) => turnedAway), failed: sum(({ failed }) => failed) };
  },
  /** Every connection to a hub ends. */
  cut: (_: undefined): void => {
    for (const agent of hubSides) agent.cut();
  },
  /** Agents report, each the next one when the one before is stored, until so many are stored. Returns milliseconds. */
  report: ({ count }: { readonly count: number }): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const beganMs = performance.now();
    let [started, stored] = [0, 0];
    const next = (agent: HubSide) => {
      if (started === count) return;
      started += 1;
      const state = started % 2 === 0 ? STATES.even : STATES.odd;
      agent.report(agent.isNew ? fullReport([state], 0n) : deltaReport(state), () => {
        stored += 1;
        if (stored === count) resolve(performance.now() - beganMs);
        else next(agent);
      });
    };
    for (const agent of hubSides) next(agent);
    return promise;
  },
  /** Every agent reports what it was assigned, in full: one of a hundred with drift, all others without. */
  reportAssigned: async (_: undefined): Promise<readonly AssignedStack[]> => {
    const assigned = (await hubSides[0]?.assigned()) ?? [];
    const stored = hubSides.map((agent, index) => {
      const generation = agent.newestGeneration;
      const states = assigned.map((stack) => stackState({ ...stack, generation }, ['app']));
      const stacks = index % DRIFTED_OF === 0 ? states.map(drifted) : states;
      return new Promise<void>((resolve) => agent.report(fullReport(stacks, generation), resolve));
    });
    await Promise.all(stored);
    return assigned;
  },
  /** One agent reports that a stack changed: its containers are others. */
  reportChange: ({ agent, change, stack }: StackChange): Promise<void> => {
    const side = hubSides[agent % hubSides.length];
    if (side === undefined) throw new Error('there is no agent');
    const state = stackState({ ...stack, generation: side.newestGeneration }, ['app'], String(change % 10));
    return new Promise((resolve) => side.report(deltaReport(state), resolve));
  },
  /** Every agent connects to the hub's broker. */
  subscribe: ({ side }: { readonly side: number }): Promise<void> =>
    atATime(side, brokerSides, (agent) => agent.connect()),
  /** Subscribers without an agent connect to that broker. */
  subscribeBare: async ({ url, side }: { readonly url: string; readonly side: number }): Promise<void> => {
    const connected: BareSubscriber[] = [];
    await atATime(
      side,
      roster.hosts,
      async (host) => void connected.push(await BareSubscriber.connect(host, url, roster)),
    );
    bareSubscribers = connected;
  },
  /** From now on every agent that comes to hold the newest is counted. */
  watch: ({ holding }: { readonly holding: Holding }): void => {
    tally.begin(brokerSides.length);
    for (const agent of brokerSides) agent.watch(holding);
  },
  /** The same for subscribers without an agent. */
  watchBare: (_: undefined): void => {
    tally.begin(bareSubscribers.length);
    for (const subscriber of bareSubscribers) subscriber.watch(() => tally.count(0n));
  },
  /** Resolves when all that are counted hold it. */
  held: (_: undefined): Promise<Held> => tally.done,
  /** The bytes that each agent holds, by host. */
  envelopes: (_: undefined): ReadonlyMap<string, Uint8Array> =>
    new Map(roster.hosts.map(({ name }, index) => [name, brokerSides[index]?.envelope ?? new Uint8Array()])),
};
export type CrowdVerbs = typeof verbs;
answer(verbs);
