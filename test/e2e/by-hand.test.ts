import { ContainerSpec, type Drift, DriftAction, DriftKind, DriftMode, Network, Service } from '@mooring/proto';
import type Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { driftLines, startWorkbench, type Workbench } from '../support/workbench.ts';

let bench: Workbench;

const spec = (extra: object) =>
  ContainerSpec.fromJSON({
    image: 'local/plain:1',
    stopTimeoutSeconds: 0,
    memoryBytes: '67108864',
    pidsLimit: '100',
    restart: { name: 'unless-stopped' },
    healthcheck: { test: ['CMD', 'true'], intervalNanos: '300000000' },
    networks: [{ network: 'default', aliases: ['db'] }],
    ...extra,
  });

/** What few files set, as far as it can be changed by hand. */
const RARE = {
  cpuPeriod: '50000',
  cpuQuota: '25000',
  links: [{ service: 'calm', alias: 'near' }],
  networks: [
    {
      network: 'default',
      aliases: ['db'],
      driverOptions: [{ name: 'io.example', value: 'x' }],
    },
  ],
};

/** A service of its own: engines give a container that is connected by hand another address, whatever is asked for. */
const ADDRESSED = { networks: [{ network: 'default', aliases: ['db'], macAddress: '02:42:ac:11:65:43' }] };

const bundle = bundleOf('shop', {
  services: [
    Service.fromPartial({ name: 'addressed', container: spec(ADDRESSED) }),
    Service.fromPartial({ name: 'app', container: spec({}) }),
    Service.fromPartial({ name: 'calm', container: spec({}) }),
    Service.fromPartial({ name: 'rare', container: spec(RARE) }),
  ],
  networks: [Network.fromPartial({ key: 'default', name: 'shop_default' })],
});
const corrected = desiredOf([bundle]);
const reported = desiredOf([bundle], { driftMode: DriftMode.DRIFT_MODE_REPORT });

beforeAll(async () => {
  bench = await startWorkbench('28');
  await bench.engine.docker.createNetwork({ Name: 'elsewhere' });
});

afterAll(async () => {
  await bench?.close();
});

beforeEach(async () => {
  const start = await bench.settle(corrected);
  expect(driftLines(start)).toEqual([]);
});

const app = (): Docker.Container => bench.engine.docker.getContainer('shop-app-1');
const rare = (): Docker.Container => bench.engine.docker.getContainer('shop-rare-1');
const addressed = (): Docker.Container => bench.engine.docker.getContainer('shop-addressed-1');
const elsewhere = () => bench.engine.docker.getNetwork('elsewhere');
const own = () => bench.engine.docker.getNetwork('shop_default');

/** Takes a container off its network and puts it back on it without one detail of how it stood there. */
async function rejoinWithout(detail: 'DriverOpts' | 'Links'): Promise<void> {
  const { Aliases, Links, ...others } = (await rare().inspect()).NetworkSettings.Networks['shop_default'] ?? {};
  const DriverOpts = 'DriverOpts' in others ? others.DriverOpts : undefined;
  const endpoint = { Aliases, Links, DriverOpts, [detail]: undefined };
  await own().disconnect({ Container: 'shop-rare-1' });
  await own().connect({ Container: 'shop-rare-1', EndpointConfig: JSON.parse(JSON.stringify(endpoint)) });
}

/** What a human does, and the one field that then differs. */
const BY_HAND: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  ['rm -f', 'missing services.app', () => app().remove({ force: true })],
  ['stop', 'modified services.app.state', () => app().stop({ t: 0 })],
  ['kill', 'modified services.app.state', () => app().kill()],
  ['pause', 'modified services.app.state', () => app().pause()],
  ['rename', 'modified services.app.container_name', () => app().rename({ name: 'mine' })],
  [
    'update --memory',
    'modified services.app.mem_limit',
    () => app().update({ Memory: 100_663_296, MemorySwap: 134_217_728 }),
  ],
  ['update --memory-swap', 'modified services.app.memswap_limit', () => app().update({ MemorySwap: 201_326_592 })],
  [
    'update --memory-reservation',
    'modified services.app.mem_reservation',
    () => app().update({ MemoryReservation: 33_554_432 }),
  ],
  ['update --restart', 'modified services.app.restart', () => app().update({ RestartPolicy: { Name: 'no' } })],
  ['update --cpus', 'modified services.app.cpus', () => app().update({ NanoCpus: 500_000_000 })],
  ['update --cpu-shares', 'modified services.app.cpu_shares', () => app().update({ CpuShares: 512 })],
  ['update --cpu-period', 'modified services.app.cpu_period', () => app().update({ CpuPeriod: 50_000 })],
  ['update --cpu-quota', 'modified services.app.cpu_quota', () => app().update({ CpuQuota: 50_000 })],
  ['update --cpuset-cpus', 'modified services.app.cpuset', () => app().update({ CpusetCpus: '0' })],
  ['update --cpuset-mems', 'modified services.app.cpuset_mems', () => app().update({ CpusetMems: '0' })],
  ['update --pids-limit', 'modified services.app.pids_limit', () => app().update({ PidsLimit: 50 })],
  ['network disconnect', 'modified services.app.networks.default', () => own().disconnect({ Container: 'shop-app-1' })],
  [
    'network connect elsewhere',
    'modified services.app.networks.elsewhere',
    () => elsewhere().connect({ Container: 'shop-app-1' }),
  ],
  [
    'network disconnect and connect without its names',
    'modified services.app.networks.default.aliases',
    async () => {
      await own().disconnect({ Container: 'shop-app-1' });
      await own().connect({ Container: 'shop-app-1' });
    },
  ],
  ['update --cpu-period', 'modified services.rare.cpu_period', () => rare().update({ CpuPeriod: 40_000 })],
  ['update --cpu-quota', 'modified services.rare.cpu_quota', () => rare().update({ CpuQuota: 30_000 })],
  [
    'network connect without its MAC address',
    'modified services.addressed.networks.default.mac_address',
    async () => {
      const { Aliases } = (await addressed().inspect()).NetworkSettings.Networks['shop_default'] ?? {};
      await own().disconnect({ Container: 'shop-addressed-1' });
      await own().connect({ Container: 'shop-addressed-1', EndpointConfig: { Aliases } });
    },
  ],
  [
    'network connect without its options',
    'modified services.rare.networks.default.driver_opts',
    () => rejoinWithout('DriverOpts'),
  ],
  ['network connect without its links', 'modified services.rare.networks.default.links', () => rejoinWithout('Links')],
];

describe('what a human changes on a container', () => {
  test.each(BY_HAND)('docker %s is told as %s and nothing else, and put right', async (_, expected, change) => {
    await change();
    const told = await bench.pass(reported);
    expect(told.stacks.flatMap(({ drift }) => drift.map(pathOf))).toEqual([expected]);
    expect(told.stacks[0]?.drift[0]?.action).toBe(DriftAction.DRIFT_ACTION_REPORTED);
    const still = await bench.pass(reported);
    expect(still.stacks.flatMap(({ drift }) => drift.map(pathOf))).toEqual([expected]);
    const calm = (await bench.engine.docker.getContainer('shop-calm-1').inspect()).State.StartedAt;
    const before = bench.events.length;
    expect(driftLines(await bench.settle(corrected))).toEqual([]);
    expect(bench.events.slice(before).some((event) => event.startsWith('drift.corrected'))).toBe(true);
    expect((await app().inspect()).State.Running).toBe(true);
    expect((await bench.engine.docker.getContainer('shop-calm-1').inspect()).State.StartedAt).toBe(calm);
  });

  test('an ignored field is neither told nor put right', async () => {
    await app().update({ Memory: 100_663_296, MemorySwap: 134_217_728 });
    const ignoring = desiredOf([bundle], { ignore: ['services.app.mem_limit'] });
    expect(driftLines(await bench.settle(ignoring))).toEqual([]);
    expect((await app().inspect()).HostConfig.Memory).toBe(100_663_296);
  });

  test('a live change restarts nothing', async () => {
    const { StartedAt } = (await app().inspect()).State;
    await app().update({ Memory: 100_663_296, MemorySwap: 134_217_728, RestartPolicy: { Name: 'always' } });
    await elsewhere().connect({ Container: 'shop-app-1' });
    await app().rename({ name: 'mine' });
    expect(driftLines(await bench.settle(corrected))).toEqual([]);
    expect((await app().inspect()).State.StartedAt).toBe(StartedAt);
  });
});

describe('a tag that a human moves', () => {
  const image = (tag: string) => bench.engine.docker.getImage(`local/plain:${tag}`);
  const idOf = async (tag: string) => (await image(tag).inspect()).Id;

  test('is a verdict of its own, told with both images, and the container is made again', async () => {
    const [from, to] = [await idOf('1'), await idOf('2')];
    await image('1').tag({ repo: 'local/plain', tag: 'before' });
    await image('2').tag({ repo: 'local/plain', tag: '1' });
    const before = bench.events.length;
    try {
      const told = await bench.pass(reported);
      const drift = { kind: DriftKind.DRIFT_KIND_IMAGE_MOVED, desired: to, observed: from };
      expect(told.stacks.flatMap((stack) => stack.drift)).toMatchObject([
        { ...drift, field: 'services.addressed.image', action: DriftAction.DRIFT_ACTION_REPORTED },
        { ...drift, field: 'services.app.image', action: DriftAction.DRIFT_ACTION_REPORTED },
        { ...drift, field: 'services.calm.image', action: DriftAction.DRIFT_ACTION_REPORTED },
        { ...drift, field: 'services.rare.image', action: DriftAction.DRIFT_ACTION_REPORTED },
      ]);
      expect((await app().inspect()).Image).toBe(from);
      expect(driftLines(await bench.settle(corrected))).toEqual([]);
      expect(bench.events.slice(before).join('\n')).toContain(`runs image ${from}, and its reference names ${to} now`);
      expect((await app().inspect()).Image).toBe(to);
    } finally {
      await image('before').tag({ repo: 'local/plain', tag: '1' });
    }
  });
});

describe('what a human puts beside our containers', () => {
  test.each([
    ['correct', corrected],
    ['report', reported],
  ])('a container with copied labels is a conflict and stays untouched in mode %s', async (_, desired) => {
    const { docker } = bench.engine;
    const { Config } = await app().inspect();
    const copy = await docker.createContainer({ name: 'copy', Image: 'local/plain:1', Labels: Config.Labels });
    try {
      const told = await bench.settle(desired);
      expect(told.stacks.flatMap(({ drift }) => drift)).toMatchObject([
        { kind: DriftKind.DRIFT_KIND_CONFLICT, name: 'copy' },
      ]);
      expect((await copy.inspect()).State.Status).toBe('created');
    } finally {
      await copy.remove({ force: true });
    }
  });

  test('a foreign container that took a fixed address is a conflict that names it, and all is well once it is gone', async () => {
    const { docker } = bench.engine;
    const networks = [{ network: 'default', ipv4Address: '10.213.8.9' }];
    const ipam = { pools: [{ subnet: '10.213.8.0/24' }] };
    const fixed = bundleOf('fixed', {
      services: [Service.fromPartial({ name: 'app', container: spec({ networks }) })],
      networks: [Network.fromPartial({ key: 'default', name: 'fixed_default', ipam })],
    });
    const desired = desiredOf([bundle, fixed]);
    expect(driftLines(await bench.settle(desired))).toEqual([]);
    const own = docker.getContainer('fixed-app-1');
    await own.stop({ t: 0 });
    const EndpointsConfig = { fixed_default: { IPAMConfig: { IPv4Address: '10.213.8.9' } } };
    const body = { HostConfig: { NetworkMode: 'fixed_default' }, NetworkingConfig: { EndpointsConfig } };
    const thief = await docker.createContainer({ name: 'thief', Image: 'local/plain:1', ...body });
    try {
      await thief.start();
      const told = await bench.settle(desired);
      const stack = told.stacks.find((one) => one.stack === 'fixed');
      expect(stack?.reason).toBe('fixed-app-1 cannot have address 10.213.8.9: it is held by thief');
      expect(stack?.problem).toBeUndefined();
      expect(stack?.drift[0]).toMatchObject({
        kind: DriftKind.DRIFT_KIND_CONFLICT,
        field: 'services.app.networks.default.ipv4_address',
        observed: 'held by thief',
      });
      expect((await thief.inspect()).State.Running).toBe(true);
    } finally {
      await thief.remove({ force: true });
    }
    expect(driftLines(await bench.settle(desired))).toEqual([]);
    expect((await own.inspect()).State.Running).toBe(true);
    await bench.settle({ ...corrected, removals: ['fixed'] });
  });

  test('a foreign container that took a managed name is a conflict and stays untouched', async () => {
    const { docker } = bench.engine;
    await app().remove({ force: true });
    const foreign = await docker.createContainer({ name: 'shop-app-1', Image: 'local/plain:1' });
    try {
      const told = await bench.settle(corrected);
      expect(told.stacks.flatMap(({ drift }) => drift)).toMatchObject([
        { kind: DriftKind.DRIFT_KIND_CONFLICT, name: 'shop-app-1' },
      ]);
      expect((await foreign.inspect()).State.Status).toBe('created');
    } finally {
      await foreign.remove({ force: true });
    }
  });
});

function pathOf({ kind, field, service }: Drift): string {
  const word = kind === DriftKind.DRIFT_KIND_MISSING ? 'missing' : 'modified';
  return `${word} ${field || `services.${service}`}`;
}
