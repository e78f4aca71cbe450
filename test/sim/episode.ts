import { LABELS } from '@mooring/proto';
import type { Bug } from './bugs.ts';
import { FAULTS, type Fault } from './faults.ts';
import type { Random } from './random.ts';
import { mended, type Tree } from './stacks.ts';
import { BOUNDS, type Violation, World, type WorldOptions } from './world.ts';

/** How an episode went. */
export interface EpisodeResult {
  readonly seed: number;
  readonly steps: number;
  /** Milliseconds that passed in it. */
  readonly passedMs: number;
  readonly rounds: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly facts: ReadonlyMap<string, number>;
  /** Of everything that happened, in order. */
  readonly digest: string;
  readonly violations: readonly Violation[];
  /** What came before the first violation. */
  readonly trace: readonly string[];
}

/** What an episode is. */
export interface EpisodeOptions {
  readonly seed: number;
  readonly hosts: number;
  /** It ends with the round in which so many steps are reached. */
  readonly steps: number;
  readonly bug?: Bug | undefined;
  readonly onFault?: (name: string, atMs: number) => void;
  readonly onFact?: WorldOptions['onFact'];
}

/** Milliseconds of a storm, between two faults of it, and of rest after everything has come to rest. */
const STORM_MS = { low: 60_000, high: 480_000 } as const;
const PAUSE_MS = { low: 200, high: 20_000 } as const;
const REST_MS = 60_000;
/** Milliseconds between looks whether everything has come to rest. */
const SETTLE_LOOK_MS = 5_000;

/** Lets a fleet live through storms and calms until a violation, or so many steps. */
export async function runEpisode(options: EpisodeOptions): Promise<EpisodeResult> {
  const { seed, hosts, steps, bug, onFault = () => undefined } = options;
  const world = new World({ seed, hosts, bug, onFact: options.onFact });
  const faults = new Map<string, number>();
  const random = world.random.fork();
  let rounds = 0;
  while (world.schedule.steps < steps && world.violations.length === 0) {
    world.add({ kind: 'storm', hosts: world.hosts.map(({ name }) => name) });
    const ends = await storm(world, random, (fault) => {
      faults.set(fault.name, (faults.get(fault.name) ?? 0) + 1);
      onFault(fault.name, world.schedule.nowMs);
    });
    for (const end of ends) end();
    await tidy(world);
    await calm(world);
    rounds += 1;
  }
  return {
    seed,
    steps: world.schedule.steps,
    passedMs: world.schedule.nowMs,
    rounds,
    faults,
    facts: world.history.counts,
    digest: world.history.digest,
    violations: world.violations,
    trace: [...world.trace, ...(await world.standing())],
  };
}

/** Faults, one after the other, some at the same time. Returns what ends those that still last. */
async function storm(world: World, random: Random, onFault: (fault: Fault) => void): Promise<ReadonlySet<() => void>> {
  const lasting = new Set<() => void>();
  const untilMs = world.schedule.nowMs + random.between(STORM_MS.low, STORM_MS.high);
  while (world.schedule.nowMs < untilMs && world.violations.length === 0) {
    await pass(world, random.between(PAUSE_MS.low, PAUSE_MS.high));
    const fault = choose(random, FAULTS);
    onFault(fault);
    const end = await fault.begin(world, random);
    if (end === undefined) continue;
    const once = () => {
      if (lasting.delete(once)) end();
    };
    lasting.add(once);
    world.schedule.after(random.between(500, Math.max(500, fault.lastsMs)), once);
  }
  return lasting;
}

function choose(random: Random, faults: readonly Fault[]): Fault {
  let left = random.fraction() * faults.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of faults) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  throw new Error('there is no fault to choose from');
}

/** People put in order what no agent may: foreign containers in the way, and images that do not run. */
async function tidy(world: World): Promise<void> {
  const { repository } = world;
  const good = mended(repository.head.tree, world.random);
  if (good !== repository.head.tree) repository.commit(good);
  for (const { engine } of world.hosts) {
    for (const { id, labels } of await engine.real.listContainers()) {
      if (labels[LABELS.fleet] !== undefined) continue;
      await engine.work('human', { action: 'remove', container: id }, () => engine.real.removeContainer(id));
    }
  }
}

/** No faults, until everything is as it should be, or the bound is over, which the oracle tells. */
async function calm(world: World): Promise<void> {
  world.add({ kind: 'calm', hosts: world.hosts.map(({ name }) => name) });
  const waiting = new Set(world.hosts);
  let commitsAgainAtMs = 0;
  const untilMs = world.schedule.nowMs + BOUNDS.settleMs + REST_MS;
  while (waiting.size > 0 && world.violations.length === 0 && world.schedule.nowMs < untilMs) {
    await pass(world, SETTLE_LOOK_MS);
    const shown = await world.hub.show(true);
    const left = shown === undefined ? undefined : leftToPeople(world, shown);
    if (left !== undefined && world.schedule.nowMs >= commitsAgainAtMs) {
      world.repository.commit(left);
      commitsAgainAtMs = world.schedule.nowMs + COMMIT_AGAIN_MS;
    }
    for (const host of waiting) {
      if (shown === undefined || !(await world.isSettled(host, shown))) continue;
      waiting.delete(host);
      world.add({ kind: 'settled', hosts: [host.name] });
    }
  }
  await pass(world, REST_MS);
}

/** What a hub says of a host that is further than it, and of a stack that it never gave to its host. */
const AHEAD = /the next commit takes it over/;
const STRAY = /: (\w+): the assignment names its stack neither to run nor to remove/;
/** Milliseconds after which a person who sees that still writes another commit. */
const COMMIT_AGAIN_MS = 60_000;

/**
 * A hub whose database became an older one pauses hosts that are further than it, and takes nothing away that it does not know to have given: both wait for
 * people, who write another commit, and give to hosts what they run. No other hub may need them. Returns what they commit; undefined: nothing.
 */
function leftToPeople({ hub, repository }: World, shown: ReadonlyMap<string, string>): Tree | undefined {
  const { tree } = repository.head;
  const strays = [...shown].flatMap(([host, text]) => {
    const stack = STRAY.exec(text)?.[1];
    return stack === undefined ? [] : [[host, [...(tree.placed.get(host) ?? []), stack]] as const];
  });
  if (!hub.wasRestored || (strays.length === 0 && ![...shown.values()].some((text) => AHEAD.test(text))))
    return undefined;
  return { ...tree, placed: new Map([...tree.placed, ...strays]) };
}

/** So much time passes, with all that happens in it. */
async function pass(world: World, ms: number): Promise<void> {
  const untilMs = world.schedule.nowMs + ms;
  let isOver = false;
  world.schedule.after(ms, () => {
    isOver = true;
  });
  while (!isOver && world.schedule.nowMs <= untilMs) if (!(await world.schedule.step())) return;
}
