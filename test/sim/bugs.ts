import { createPublicKey } from 'node:crypto';
import { type Engine, engineError, said } from '@mooring/agent/fakes';
import {
  Assignment,
  assignmentSealContext,
  keyIdOf,
  LABELS,
  PAYLOAD_TYPES,
  sealForHost,
  signEnvelope,
} from '@mooring/proto';
import type { Random } from './random.ts';
import type { SimHost } from './sim-host.ts';
import { keyOf } from './sim-hub.ts';
import type { World } from './world.ts';

/** A fault that is planted on purpose in a simulated part, or in the way that a part of the product is used, to show that an oracle can fail. */
export interface Bug {
  readonly name: string;
  /** Name of the oracle that must find it. */
  readonly oracle: string;
  plant(world: World): void;
}

/** Milliseconds after which an engine's answers stand still. */
const FROZEN_AFTER_MS = 120_000;

/** One at least for each oracle. */
export const BUGS: readonly Bug[] = [
  {
    name: 'the agents trust a key that is not of the fleet',
    oracle: 'no container changes without an accepted assignment',
    plant: (world) => {
      const rogue = keyOf(world.random);
      const key = createPublicKey(rogue);
      for (const host of world.hosts) {
        host.distortIdentity = (identity) => {
          const assignmentKeys = [...identity.trust.assignmentKeys, { keyId: keyIdOf(key), key }];
          return { ...identity, trust: { ...identity.trust, assignmentKeys } };
        };
        later(world, 60_000, () => {
          const about = { fleetId: world.hub.fleet.id, host: host.name, generation: BigInt(host.nowMs) };
          const sealedMaterial = sealForHost(
            world.hub.dataKey(host.name),
            assignmentSealContext(about),
            new Uint8Array(0),
          );
          const payload = Assignment.encode(Assignment.fromPartial({ ...about, sealedMaterial })).finish();
          world.broker.forge(host.name, signEnvelope(PAYLOAD_TYPES.assignment, payload, rogue));
        });
      }
    },
  },
  {
    name: 'the disks say that they synced, and did not',
    oracle: 'generations only grow on a host',
    plant: (world) => {
      for (const { disk } of world.hosts) disk.syncLies = true;
    },
  },
  {
    name: 'the store keeps events under another outbox after each start of the hub',
    oracle: 'stored events are the sent events, each once',
    plant: ({ hub, schedule }) => {
      hub.distort = (store) => {
        const run = schedule.nowMs === 0 ? '' : `-${schedule.nowMs}`;
        return {
          ...store,
          storedSequence: (host, outbox) => store.storedSequence(host, `${outbox}${run}`),
          addEvents: (host, outbox, events) => store.addEvents(host, `${outbox}${run}`, events),
        };
      };
    },
  },
  {
    name: 'no time passes for hosts that are silent',
    oracle: 'a silent host is never shown as synced',
    plant: ({ hub }) => {
      hub.timeless = true;
    },
  },
  {
    name: 'the engines show for ever what was there after two minutes',
    oracle: 'synced is never claimed of an engine that differs',
    plant: (world) => {
      const frozen = new Map<string, unknown>();
      everyEngine(world, (host, engine) =>
        wrapped(engine, async (name, args, call) => {
          const answer = await call();
          if (!/^(list|inspect)/.test(name) || world.schedule.nowMs < FROZEN_AFTER_MS) return answer;
          const key = `${host.name} ${name} ${args.join(' ')}`;
          if (!frozen.has(key)) frozen.set(key, answer);
          return frozen.get(key);
        }),
      );
    },
  },
  {
    name: 'a container takes its volumes with it',
    oracle: 'no volume is destroyed',
    plant: (world) =>
      everyEngine(world, ({ engine: { real } }, engine) =>
        wrapped(engine, async (name, args, call) => {
          const mounts =
            name === 'removeContainer' ? (await real.inspectContainer(String(args[0])))?.inspected.Mounts : [];
          const answer = await call();
          for (const { Name } of mounts ?? []) if (Name !== undefined) real.destroyVolume(Name);
          return answer;
        }),
      ),
  },
  {
    name: 'the line of one host to the hub is never mended',
    oracle: 'everything converges after faults have ceased',
    plant: ({ hosts: [host] }) => {
      if (host !== undefined) cutForGood(host);
    },
  },
  {
    name: 'the engines forget what a container has in its environment, now and then',
    oracle: 'no container is restarted without need',
    plant: (world) => {
      const random = world.random.fork();
      everyEngine(world, (_, engine) =>
        wrapped(engine, async (name, _args, call) => {
          const answer = await call();
          return name === 'inspectContainer' && random.chance(0.01) ? withoutEnvironment(answer) : answer;
        }),
      );
    },
  },
  {
    name: 'a container of somebody else is on the record of the agent',
    oracle: 'a foreign container is never touched',
    plant: (world) => {
      for (const host of world.hosts) putForeignOnRecord(world, host);
    },
  },
  {
    name: 'the engines say in an error what they were asked',
    oracle: 'no secret is told',
    plant: (world) => {
      const random: Random = world.random.fork();
      everyEngine(world, (_, engine) =>
        wrapped(engine, (name, args, call) => {
          if (name !== 'createContainer' || !random.chance(0.2)) return call();
          throw engineError('create a container', said(500, `cannot make ${JSON.stringify(args[1])}`));
        }),
      );
    },
  },
  {
    name: 'the outbox lets nothing go',
    oracle: 'an outbox keeps its bounds',
    plant: (world) => {
      for (const host of world.hosts) {
        later(world, 60_000, () => cutForGood(host));
        host.distortDatabase = (database) => ({
          ...database,
          run: (sql, ...values) =>
            sql.startsWith('DELETE FROM outbox WHERE sequence =') ? 1 : database.run(sql, ...values),
        });
      }
    },
  },
];

function later(world: World, ms: number, run: () => void): void {
  world.schedule.after(ms, run);
}

function everyEngine(world: World, distort: (host: SimHost, engine: Engine) => Engine): void {
  for (const host of world.hosts) host.engine.distort = (engine) => distort(host, engine);
}

type Around = (name: string, args: readonly unknown[], call: () => Promise<unknown>) => Promise<unknown>;

/** The engine with something around each of its calls, but for the one that goes on for ever. */
function wrapped(engine: Engine, around: Around): Engine {
  return new Proxy(engine, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || name === 'changes') return value;
      return async (...args: unknown[]) =>
        await around(String(name), args, async () => (await Reflect.apply(value, target, args)) as unknown);
    },
  });
}

function withoutEnvironment(details: unknown): unknown {
  if (typeof details !== 'object' || details === null || !('inspected' in details)) return details;
  const copy = structuredClone(details) as { inspected: { Config: { Env?: unknown } } };
  copy.inspected.Config.Env = [];
  return copy;
}

function cutForGood(host: SimHost): void {
  Object.defineProperty(host.road, 'hubCut', { get: () => true, set: () => undefined });
}

function putForeignOnRecord(world: World, host: SimHost): void {
  let foreignId = '';
  later(world, 30_000, () => {
    const labels = { [LABELS.fleet]: world.hub.fleet.id, [LABELS.stack]: 'shop', [LABELS.service]: 'old' };
    const body = { Image: 'foreign:1', Labels: { ...labels, [LABELS.replica]: '1' } };
    const { engine } = host;
    void engine
      .work('human', { action: 'create', container: '' }, () => engine.real.createContainer('theirs', body))
      .then((id) => {
        foreignId = id;
      });
  });
  host.distortDatabase = (database) => ({
    ...database,
    all: <Row>(sql: string, ...values: Parameters<typeof database.all>[1][]) => {
      const rows = database.all<Row>(sql, ...values);
      if (!sql.includes('FROM owned') || foreignId === '') return rows;
      const owned = { kind: 'container', id: foreignId, stack: 'shop', key: 'old', spec_digest: '' };
      return [...rows, owned as Row];
    },
  });
}
