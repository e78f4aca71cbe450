import { LABELS, PAYLOAD_TYPES, signEnvelope } from '@mooring/proto';
import type { Random } from './random.ts';
import type { DiskTrouble } from './sim-disk.ts';
import type { Mutation } from './sim-engine.ts';
import { DATA, type SimHost } from './sim-host.ts';
import { keyOf } from './sim-hub.ts';
import { BAD_IMAGES, GOOD_IMAGES, nextTree } from './stacks.ts';
import type { World } from './world.ts';

/** One kind of trouble. */
export interface Fault {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** How long it lasts at most, in milliseconds; 0: it only happens. */
  readonly lastsMs: number;
  /** Begins it; what it returns ends it. */
  begin(world: World, random: Random): Promise<(() => void) | undefined> | (() => void) | undefined;
}

type Container = Awaited<ReturnType<SimHost['engine']['real']['listContainers']>>[number];

/** A fault of one host. */
function ofHost(
  name: string,
  { weight = 4, lastsMs = 0 }: { weight?: number; lastsMs?: number },
  begin: (host: SimHost, random: Random, world: World) => Promise<void> | (() => void) | undefined | void,
): Fault {
  return {
    name,
    weight,
    lastsMs,
    begin: async (world, random) => {
      const host = random.pick(world.hosts);
      return (host === undefined ? undefined : await begin(host, random, world)) ?? undefined;
    },
  };
}

/** Somebody does something to a container of ours. */
function byHand(
  name: string,
  act: (host: SimHost, container: Container, random: Random) => Promise<unknown>,
  weight = 4,
): Fault {
  return ofHost(name, { weight }, async (host, random) => {
    const all = await host.engine.real.listContainers();
    const container = random.pick(all.filter(({ labels }) => labels[LABELS.fleet] !== undefined));
    // What the engine refuses to whoever asks is no fault.
    if (container !== undefined) await act(host, container, random).catch(() => undefined);
  });
}

function human<T>(host: SimHost, change: Mutation, work: () => Promise<T>): Promise<T> {
  return host.engine.work('human', change, work);
}

async function foreign(host: SimHost, name: string): Promise<void> {
  const { real } = host.engine;
  const id = await human(host, { action: 'create', container: '' }, () =>
    real.createContainer(name, { Image: 'foreign:1' }),
  );
  await human(host, { action: 'start', container: id }, () => real.startContainer(id));
}

function flag<K extends string>(target: { [key in K]: boolean }, key: K): () => void {
  target[key] = true;
  return () => {
    target[key] = false;
  };
}

const MINUTE_MS = 60_000;
/** Beyond this a clock is not hours off: it is most of a year ahead, or a day behind. */
const FAR_MS = 5_400_000;

function farOff(ms: number): number {
  if (ms > FAR_MS) return ms * 4_000;
  return ms < -FAR_MS ? ms * 12 : ms;
}

/** Everything that may go wrong. */
export const FAULTS: readonly Fault[] = [
  ofHost('the agent is cut off at one of its next calls', { weight: 12 }, (host, random) =>
    host.crashAfter(random.between(1, 60)),
  ),
  ofHost('the agent is killed', {}, (host) => host.crash()),
  {
    name: 'the hub is killed',
    weight: 4,
    lastsMs: MINUTE_MS,
    begin: (world) => {
      if (world.hub.running === undefined) return undefined;
      world.hub.crash();
      return () => {
        if (world.hub.running === undefined) world.hub.start();
      };
    },
  },
  {
    name: 'the hub is restored from an old backup',
    weight: 2,
    lastsMs: 20_000,
    begin: (world) => {
      world.hub.crash();
      world.hub.restore();
      return () => {
        if (world.hub.running === undefined) world.hub.start();
      };
    },
  },
  { name: 'a backup is made', weight: 3, lastsMs: 0, begin: (world) => void world.hub.backUp() },
  { name: "the hub's disk is full", weight: 2, lastsMs: MINUTE_MS, begin: (world) => flag(world.hub, 'full') },
  {
    name: "the hub's clock is set",
    weight: 3,
    lastsMs: 5 * MINUTE_MS,
    begin: (world, random) => {
      world.hub.clockOffMs = farOff(random.between(-7_200_000, 7_200_000));
      return () => {
        world.hub.clockOffMs = 0;
      };
    },
  },
  {
    name: 'the broker stops',
    weight: 3,
    lastsMs: MINUTE_MS,
    begin: (world) => {
      if (world.broker.down) return undefined;
      world.broker.stop();
      return () => world.broker.start();
    },
  },
  {
    name: 'the broker loses everything',
    weight: 3,
    lastsMs: 10_000,
    begin: (world, random) => {
      world.broker.loseEverything();
      if (world.broker.down || random.chance(0.5)) return undefined;
      world.broker.stop();
      return () => world.broker.start();
    },
  },
  ofHost('the line to the hub is cut', { lastsMs: 2 * MINUTE_MS }, (host) => flag(host.road, 'hubCut')),
  ofHost('the line to the hub is silent', { lastsMs: 2 * MINUTE_MS }, (host) => flag(host.road, 'hubSilent')),
  ofHost('the line to the broker is cut', { lastsMs: 2 * MINUTE_MS }, (host, _, world) => {
    const end = flag(host.road, 'brokerCut');
    world.broker.cut(host.road);
    return end;
  }),
  ofHost('the line to the broker is silent', { lastsMs: 2 * MINUTE_MS }, (host, _, world) => {
    const end = flag(host.road, 'brokerSilent');
    world.broker.silence(host.road);
    return end;
  }),
  ofHost('the line to the hub is slow', { weight: 2, lastsMs: 2 * MINUTE_MS }, (host, random) => {
    host.road.slowMs = random.between(500, 6_000);
    return () => {
      host.road.slowMs = 20;
    };
  }),
  ofHost('the broker hands out old assignments again', { weight: 5 }, (host, _, world) =>
    world.broker.replay(host.name),
  ),
  ofHost('the broker hands out a forged assignment', { weight: 2 }, (host, random, world) => {
    world.broker.forge(host.name, signEnvelope(PAYLOAD_TYPES.assignment, random.bytes(64), keyOf(random)));
  }),
  ofHost('the engine fails now and then', { lastsMs: 2 * MINUTE_MS }, ({ engine }, random) => {
    engine.weather.failing = random.fraction() * 0.4;
    return () => {
      engine.weather.failing = 0;
    };
  }),
  ofHost('answers of the engine are lost', { weight: 6, lastsMs: 2 * MINUTE_MS }, ({ engine }, random) => {
    engine.weather.unanswered = random.fraction() * 0.3;
    return () => {
      engine.weather.unanswered = 0;
    };
  }),
  ofHost('the engine hangs', { weight: 3, lastsMs: 2 * MINUTE_MS }, ({ engine }) => flag(engine.weather, 'hung')),
  ofHost('the engine tells no events', { lastsMs: 3 * MINUTE_MS }, ({ engine }) => flag(engine.weather, 'eventsLost')),
  ofHost('the engine restarts', { weight: 3, lastsMs: 20_000 }, ({ engine }) => {
    const up = flag(engine.weather, 'down');
    void engine.restart();
    return up;
  }),
  ofHost('the registry fails', { weight: 3, lastsMs: 2 * MINUTE_MS }, ({ engine }) =>
    flag(engine.weather, 'registryDown'),
  ),
  ofHost('the disk takes nothing', { weight: 5, lastsMs: 2 * MINUTE_MS }, ({ disk }, random) => {
    disk.trouble = random.pick<DiskTrouble>(['ENOSPC', 'EROFS', 'EIO']);
    return () => {
      disk.trouble = undefined;
    };
  }),
  ofHost('somebody writes into a mounted file', { weight: 2 }, async ({ disk, engine, name }, random, world) => {
    const file = random.pick(disk.names(`${DATA}/content`));
    if (file === undefined || engine.weather.down) return;
    world.add({ kind: 'touched', host: name, id: '' });
    disk.scribble(`${DATA}/content/${file}`, Buffer.from('listen 1;'));
    await engine.noteStale();
  }),
  ofHost("the host's clock is set", { weight: 3, lastsMs: 5 * MINUTE_MS }, (host, random) => {
    host.clockOffMs = random.between(-7_200_000, 7_200_000);
    host.clockWasSet = true;
    return () => {
      host.clockOffMs = 0;
    };
  }),
  ofHost('a second machine speaks with the keys of the host', { weight: 1, lastsMs: MINUTE_MS }, (host, _, world) => {
    const copy = world.copyOf(host);
    copy.start();
    return () => copy.switchOff();
  }),
  byHand('a container dies', async (host, { id }) =>
    host.engine.work('engine', { action: 'exit', container: id }, async () => host.engine.real.exit(id, 1)),
  ),
  byHand('somebody stops a container', (host, { id }) =>
    human(host, { action: 'stop', container: id }, () => host.engine.real.stopContainer(id)),
  ),
  byHand('somebody removes a container', (host, { id }) =>
    human(host, { action: 'remove', container: id }, () => host.engine.real.removeContainer(id)),
  ),
  byHand('somebody renames a container', (host, { id }, random) =>
    human(host, { action: 'rename', container: id }, () =>
      host.engine.real.renameContainer(id, `by-hand-${random.hex(4)}`),
    ),
  ),
  byHand('somebody takes a container off its network', (host, { id, labels }) =>
    human(host, { action: 'disconnect', container: id }, () =>
      host.engine.real.disconnectNetwork(`${labels[LABELS.stack]}_default`, id),
    ),
  ),
  byHand('somebody changes a limit', (host, { id }, random) => {
    const Memory = random.between(1, 9) * 32 * 2 ** 20;
    const change = { Memory, MemorySwap: 2 * Memory };
    return human(host, { action: 'update', container: id }, () => host.engine.real.updateContainer(id, change));
  }),
  byHand(
    'somebody pauses a container',
    (host, { id }) => human(host, { action: 'pause', container: id }, () => host.engine.real.pause(id)),
    2,
  ),
  byHand('a foreign container takes a name', async (host, { id, name }) => {
    await human(host, { action: 'remove', container: id }, () => host.engine.real.removeContainer(id));
    await foreign(host, name);
  }),
  ofHost('a foreign container appears', { weight: 1 }, (host, random) => foreign(host, `other-${random.hex(4)}`)),
  {
    name: 'a commit',
    weight: 20,
    lastsMs: 0,
    begin: ({ repository }, random) => void repository.commit(nextTree(repository.head.tree, random, GOOD_IMAGES)),
  },
  {
    name: 'a commit of an image that does not run',
    weight: 4,
    lastsMs: 0,
    begin: ({ repository }, random) =>
      void repository.commit(nextTree(repository.head.tree, random, [...BAD_IMAGES, 'app:1'])),
  },
  {
    name: 'history is rewritten',
    weight: 2,
    lastsMs: MINUTE_MS,
    begin: ({ repository }, random) => repository.rewrite(nextTree(repository.head.tree, random, GOOD_IMAGES)),
  },
  { name: 'the repository is away', weight: 2, lastsMs: MINUTE_MS, begin: (world) => flag(world.repository, 'down') },
];
