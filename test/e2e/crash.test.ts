import { FAILPOINTS } from '@mooring/agent';
import { type Bundle, ContainerSpec, DependencyCondition, Network, Service, UpdateOrder, Volume } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { driftLines, startWorkbench, type Workbench } from '../support/workbench.ts';

/** How a shell tells SIGKILL. */
const KILLED = 137;
/** What every engine has by itself. */
const BUILT_IN = new Set(['bridge', 'host', 'none']);

let bench: Workbench;
const reached = new Set<string>();

beforeAll(async () => {
  bench = await startWorkbench('28');
});

afterAll(async () => {
  await bench?.close();
});

const HEALTHCHECK = {
  test: ['CMD', 'true'],
  intervalNanos: '200000000',
  timeoutNanos: '10000000000',
};

const service = (name: string, extra: object = {}) =>
  Service.fromPartial({
    name,
    container: ContainerSpec.fromJSON({
      image: 'local/plain:1',
      stopTimeoutSeconds: 0,
      memoryBytes: '67108864',
      healthcheck: HEALTHCHECK,
      networks: [{ network: 'default' }],
      mounts: [
        { target: '/kept', volume: 'kept' },
        { target: '/nameless', anonymous: {} },
      ],
      ...extra,
    }),
  });

const version = (number: number) => ({ environment: [{ name: 'VERSION', value: String(number) }] });

const shop = (services: readonly Service[], label = '') =>
  bundleOf('shop', {
    services: [...services].sort((a, b) => (a.name < b.name ? -1 : 1)),
    networks: [
      Network.fromPartial({ key: 'back', name: 'shop_back' }),
      Network.fromPartial({ key: 'default', name: 'shop_default', labels: [{ name: 'version', value: label }] }),
      Network.fromPartial({ key: 'side', name: 'shop_side' }),
    ],
    volumes: [Volume.fromPartial({ key: 'kept', name: 'shop_kept' })],
  });

/** Changes from one number to the next; each reaches its failpoints every time. */
const CHANGES: Readonly<
  Record<string, { readonly at: (number: number) => Bundle; readonly failpoints: readonly string[] }>
> = {
  'a recreate': {
    at: (number) => shop([service('app', version(number)), service('calm')]),
    failpoints: FAILPOINTS.filter((name) => /^(?:apply|replace)\./.test(name)),
  },
  'a recreate that starts first': {
    at: (number) => shop([startFirst(number), service('calm')]),
    failpoints: FAILPOINTS.filter((name) => /^(?:apply|replace)\./.test(name)),
  },
  'a network recreate': {
    at: (number) => shop([service('app'), service('calm')], String(number)),
    failpoints: FAILPOINTS.filter((name) => /^(?:apply|network)\./.test(name)),
  },
  'a change of four services, one made anew with its guest, one changed live, one in place of another': {
    at: (number) => shop([service('app', version(number)), guestOfApp(), live(number), service(`extra-${number % 2}`)]),
    failpoints: FAILPOINTS.filter((name) => /^(?:apply|replace|group|update|create)\./.test(name)),
  },
};

/** Its new container is healthy before its old one stops; it has no volume that goes from one to the other. */
function startFirst(number: number): Service {
  const { container } = service('app', { ...version(number), mounts: [{ target: '/kept', volume: 'kept' }] });
  const update = { order: UpdateOrder.UPDATE_ORDER_START_FIRST, parallelism: 1 };
  return Service.fromPartial({ name: 'app', container, update });
}

/** It is in the network of another, which it names by its id. */
function guestOfApp(): Service {
  const { container } = service('guest', { networkMode: 'service:app', networks: [] });
  const condition = DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED;
  return Service.fromPartial({ name: 'guest', container, dependsOn: [{ service: 'app', condition, required: true }] });
}

/** Its limit, its name and its second network change while it runs. */
function live(number: number): Service {
  const isOdd = number % 2 === 1;
  return Service.fromPartial({
    ...service('live', {
      memoryBytes: isOdd ? '67108864' : '100663296',
      networks: [{ network: 'default' }, { network: isOdd ? 'back' : 'side' }],
    }),
    containerName: `live-${number % 2}`,
  });
}

/** Volumes as containers mount them, by the name of the service. */
async function mountedVolumes(): Promise<Record<string, string[]>> {
  const inspected = await inspectAll();
  return Object.fromEntries(
    inspected.map(({ Config, Mounts }) => [
      String(Config.Labels['com.docker.compose.service']),
      Mounts.map((mount) => `${mount.Destination} ${mount.Name}`).sort(),
    ]),
  );
}

async function inspectAll() {
  const { docker } = bench.engine;
  const all = await docker.listContainers({ all: true });
  return await Promise.all(all.map(({ Id }) => docker.getContainer(Id).inspect()));
}

/** Exactly the containers, networks and volumes of the bundle, as it says; whoever looks again has nothing to do. */
async function expectNothingBut(bundle: Bundle): Promise<void> {
  const desired = desiredOf([bundle]);
  const since = Date.now();
  const assessment = await bench.pass(desired);
  expect(driftLines(assessment)).toEqual([]);
  expect(assessment.stacks.map(({ problem }) => problem?.message)).toEqual([undefined]);
  const { docker } = bench.engine;
  expect(await bench.witness.changesSince(since)).toEqual([]);
  const containers = await inspectAll();
  const wanted = bundle.services.map(({ name, containerName, container }) => ({
    name: containerName || `shop-${name}-1`,
    running: true,
    environment: (container?.environment ?? []).map((one) => `${one.name}=${one.value}`),
    memory: Number(container?.memoryBytes),
    networks: (container?.networks ?? []).map(({ network }) => `shop_${network}`).sort(),
  }));
  expect(
    containers
      .map(({ Name, State, Config, HostConfig, NetworkSettings }) => ({
        name: Name.slice(1),
        running: State.Running,
        environment: Config.Env.filter((line) => line.startsWith('VERSION=')),
        memory: HostConfig.Memory,
        networks: Object.keys(NetworkSettings.Networks).sort(),
      }))
      .sort(byName),
  ).toEqual(wanted.sort(byName));
  const networks = (await docker.listNetworks()).filter(({ Name }) => !BUILT_IN.has(Name));
  expect(networks.map(({ Name }) => Name).sort()).toEqual(['shop_back', 'shop_default', 'shop_side']);
  const label = bundle.networks.find(({ key }) => key === 'default')?.labels[0]?.value;
  expect(networks.find(({ Name }) => Name === 'shop_default')?.Labels?.['version']).toBe(label);
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

async function volumeNames(): Promise<string[]> {
  return (await bench.engine.docker.listVolumes()).Volumes.map(({ Name }) => Name).sort();
}

describe.each(Object.entries(CHANGES))('%s', (_, { at, failpoints }) => {
  let number = 0;

  beforeAll(async () => {
    await bench.settle(desiredOf([at(number)]));
    // Both forms were there once: the volume without a name that a service gets at its creation is kept when the service goes.
    await bench.settle(desiredOf([at(number + 1)]));
    number += 1;
    await expectNothingBut(at(number));
  });

  test.each(failpoints)('that is killed at %s ends as Git says, with nothing left over', async (failpoint) => {
    const since = Date.now();
    const before = await mountedVolumes();
    const volumes = await volumeNames();
    const next = at(number + 1);
    const died = await bench.settleApart([next], { MOORING_FAILPOINT: failpoint });
    expect(died.code, `${died.stdout}${died.stderr}`).toBe(KILLED);
    reached.add(failpoint);
    await bench.settle(desiredOf([next]));
    number += 1;
    await expectNothingBut(next);
    const destroyed = (await bench.witness.changesSince(since)).filter(
      ({ type, action }) => type === 'volume' && action === 'destroy',
    );
    expect(destroyed).toEqual([]);
    await expectVolumesOf(next, { before, volumes });
  });
});

/** Whoever goes on keeps its volumes, and none is new but the one of a service that is. */
async function expectVolumesOf(
  { services }: Bundle,
  { before, volumes }: { before: Readonly<Record<string, string[]>>; volumes: readonly string[] },
): Promise<void> {
  const after = await mountedVolumes();
  for (const { name } of services) if (before[name] !== undefined) expect(after[name], name).toEqual(before[name]);
  const made = services.filter(({ name }) => before[name] === undefined).length;
  const now = await volumeNames();
  expect(now).toEqual(expect.arrayContaining([...volumes]));
  expect(now.length - volumes.length).toBe(made);
}

describe('the failpoints', () => {
  test('are all reached by these changes', () => {
    expect([...reached].sort()).toEqual([...FAILPOINTS].sort());
  });
});
