import { describe, expect, test } from 'vitest';
import { driftLines, FakeHost, shop, type Written } from '../host.fake.ts';
import { engineRefusal } from './engine-needs.ts';

/** A host that runs a stack as written. */
async function running(written: Written): Promise<FakeHost> {
  const host = new FakeHost();
  host.engine.addImage('files:1', {});
  await host.settle(shop(written));
  return host;
}

const app = (spec: object): Written => ({ services: { app: { spec }, other: {} }, volumes: [{ key: 'kept' }] });
const onDefault = (detail: object) => ({ networks: [{ network: 'default', ...detail }] });

/** What few files set, one attribute each: what Git says first, and then. */
const CHANGED: readonly (readonly [title: string, before: object, after: object, step: string])[] = [
  ['annotations', {}, { annotations: [{ name: 'a', value: '1' }] }, 'replace'],
  ['cgroup', {}, { cgroupMode: 'host' }, 'replace'],
  ['cgroup_parent', { cgroupParent: '/a' }, {}, 'replace'],
  ['cpu_period', { cpuPeriod: '50000' }, { cpuPeriod: '40000' }, 'update'],
  ['cpu_quota', { cpuQuota: '50000' }, { cpuQuota: '40000' }, 'update'],
  ['cpu_quota', { cpuQuota: '50000' }, {}, 'replace'],
  ['cpu_rt_runtime', { cpuRealtimeRuntime: '5' }, { cpuRealtimeRuntime: '6' }, 'replace'],
  ['cpu_count', {}, { cpuCount: '2' }, 'replace'],
  ['device_cgroup_rules', { deviceCgroupRules: ['c 1:3 r'] }, { deviceCgroupRules: ['c 1:3 w'] }, 'replace'],
  ['gpus', {}, { deviceRequests: [{ count: -1, capabilities: ['gpu'] }] }, 'replace'],
  ['blkio_config', { blockIo: { weight: 300 } }, { blockIo: { weight: 400 } }, 'update'],
  ['blkio_config', {}, { blockIo: { readBytes: [{ path: '/dev/sda', rate: '5' }] } }, 'replace'],
  ['oom_score_adj', { oomScoreAdjustment: 5 }, { oomScoreAdjustment: -5 }, 'replace'],
  ['runtime', { runtime: 'runsc' }, {}, 'replace'],
  ['storage_opt', {}, { storageOptions: [{ name: 'size', value: '1G' }] }, 'replace'],
  ['networks', {}, { links: [{ service: 'other', alias: 'near' }] }, 'replace'],
  ['networks', {}, onDefault({ driverOptions: [{ name: 'a.b', value: '1' }] }), 'replace'],
  ['networks', {}, onDefault({ gatewayPriority: 5 }), 'replace'],
  ['networks', {}, onDefault({ interfaceName: 'front0' }), 'replace'],
  ['networks', {}, onDefault({ macAddress: '02:42:ac:11:65:43' }), 'replace'],
  ['volumes_from', {}, { volumesFrom: ['service:other'] }, 'replace'],
  ['volumes', {}, { mounts: [{ target: '/files', image: { reference: 'files:1' } }] }, 'replace'],
  [
    'volumes',
    { mounts: [{ target: '/data', volume: 'kept', subpath: 'a' }] },
    { mounts: [{ target: '/data', volume: 'kept', subpath: 'b' }] },
    'replace',
  ],
  [
    'volumes',
    { mounts: [{ target: '/etc', hostPath: '/etc' }] },
    { mounts: [{ target: '/etc', hostPath: '/etc', recursive: 'disabled' }] },
    'replace',
  ],
  [
    'mount_options',
    { mounts: [{ target: '/data', anonymous: {} }] },
    { mounts: [{ target: '/data', anonymous: {}, volumeLabels: [{ name: 'a', value: '1' }] }] },
    'replace',
  ],
];

describe('what few files set', () => {
  test.each(CHANGED)('%s: %o, then %o', async (...row) => {
    const [attribute, before, after, step] = row;
    const host = await running(app(before));
    expect(await host.sentences(shop(app(before)))).toEqual([]);
    expect(await host.sentences(shop(app(after)))).toEqual([
      `${step} container shop-app-1: ${attribute} changed in Git`,
    ]);
    await host.settle(shop(app(after)));
    const id = await host.id('shop-app-1');
    await host.engine.stopContainer(id);
    await host.engine.startContainer(id);
    host.restartAgent();
    expect(driftLines(await host.plan(shop(app(after))))).toEqual([]);
    expect(await host.sentences(shop(app(after)))).toEqual([]);
  });

  test('is as asked for where the kernel of the host drops it, and a change of it then changes nothing', async () => {
    const dropped = (swappiness: number) =>
      app({ memoryBytes: '64000000', memorySwappiness: swappiness, oomKillDisable: true });
    const host = await running(dropped(50));
    expect(driftLines(await host.plan(shop(dropped(50))))).toEqual([]);
    const kept = 'keep container shop-app-1: its specification reads differently and asks for what is there';
    expect(await host.sentences(shop(dropped(60)))).toEqual([kept]);
    await host.settle(shop(dropped(60)));
    expect(await host.sentences(shop(dropped(60)))).toEqual([]);
  });

  test('asks for no MAC address of its own, whatever the engine chose', async () => {
    const host = await running(app({}));
    const explained = await host.explain('shop', 'app');
    expect(explained).toContain('"networks.default.mac_address":"02:42:ac:11:00:02"');
    expect(driftLines(await host.plan(shop(app({}))))).toEqual([]);
  });
});

describe('what people do by hand to details of an attachment', () => {
  const all = {
    ...onDefault({
      macAddress: '02:42:ac:11:65:43',
      gatewayPriority: 5,
      interfaceName: 'front0',
      driverOptions: [{ name: 'a.b', value: '1' }],
    }),
    links: [{ container: 'far', alias: 'near' }],
  };
  const endpoint = {
    Aliases: ['shop-app-1', 'app'],
    MacAddress: '02:42:ac:11:65:43',
    GwPriority: 5,
    DriverOpts: { 'a.b': '1', 'com.docker.network.endpoint.ifname': 'front0' },
    Links: ['far:near'],
  };

  test.each([
    ['mac_address', { MacAddress: '' }, '02:42:ac:11:65:43 wanted, 02:42:ac:11:00:02 there'],
    ['gw_priority', { GwPriority: 0 }, '5 wanted, nothing there'],
    ['interface_name', { DriverOpts: { 'a.b': '1' } }, 'front0 wanted, nothing there'],
    [
      'driver_opts',
      { DriverOpts: { 'com.docker.network.endpoint.ifname': 'front0' } },
      '["a.b=1"] wanted, nothing there',
    ],
    ['links', { Links: [] }, '["far:near"] wanted, nothing there'],
  ])('%s is told and needs a new container', async (detail, change, difference) => {
    const host = await running(app(all));
    const id = await host.id('shop-app-1');
    await host.engine.disconnectNetwork('shop_default', id);
    await host.engine.connectNetwork('shop_default', id, { ...endpoint, ...change });
    expect(driftLines(await host.plan(shop(app(all))))).toEqual([
      `shop-app-1 services.app.networks.default.${detail}: ${difference}`,
    ]);
    expect(await host.sentences(shop(app(all)))).toEqual(['replace container shop-app-1: networks differs from Git']);
    await host.settle(shop(app(all)));
    expect(driftLines(await host.plan(shop(app(all))))).toEqual([]);
  });
});

describe('what a service uses of another', () => {
  test('are names of each of its containers, and one more when there is one more', async () => {
    const linked = (replicas: number): Written => ({
      services: {
        app: {
          dependsOn: [{ service: 'db' }],
          spec: {
            links: [
              { service: 'db', alias: 'store' },
              { container: 'far', alias: 'near' },
            ],
          },
        },
        db: { replicas },
      },
    });
    const host = await running(linked(2));
    const id = await host.id('shop-app-1');
    const found = await host.engine.inspectContainer(id);
    expect(found?.inspected.NetworkSettings?.Networks?.['shop_default']?.Links).toEqual([
      ...['store', 'db-1', 'shop-db-1'].map((name) => `shop-db-1:${name}`),
      ...['store', 'db-1', 'shop-db-1'].map((name) => `shop-db-2:${name}`),
      'far:near',
    ]);
    expect(await host.sentences(shop(linked(3)))).toEqual([
      'create container shop-db-3: it does not exist',
      'replace container shop-app-1: networks differs from Git',
    ]);
    await host.settle(shop(linked(3)));
    expect(await host.sentences(shop(linked(3)))).toEqual([]);
  });

  test('are its volumes, and it is replaced with what they are of', async () => {
    const written = (value: string): Written => ({
      services: {
        app: { spec: { volumesFrom: ['service:db'] }, dependsOn: [{ service: 'db' }] },
        db: {
          spec: {
            image: 'app:2',
            environment: [{ name: 'A', value }],
            mounts: [
              { target: '/data', volume: 'kept' },
              { target: '/host', readOnly: true, hostPath: '/etc' },
            ],
          },
        },
      },
      volumes: [{ key: 'kept' }],
    });
    const host = await running(written('1'));
    expect(await host.sentences(shop(written('1')))).toEqual([]);
    expect(await host.sentences(shop(written('2')))).toEqual([
      'replace container shop-db-1: environment changed in Git',
      'replace container shop-app-1: a container whose volumes it mounts is another one',
    ]);
    await host.settle(shop(written('2')));
    expect(await host.sentences(shop(written('2')))).toEqual([]);
    const found = await host.engine.inspectContainer(await host.id('shop-app-1'));
    expect(found?.inspected.HostConfig['VolumesFrom']).toEqual([await host.id('shop-db-1')]);
  });
});

describe('an engine that is too old', () => {
  const refusal = (spec: object, apiVersion: string, networks: Written['networks'] = []) => {
    const [stack] = shop({ services: { app: { spec } }, networks }).stacks;
    return stack === undefined ? undefined : engineRefusal(stack, apiVersion);
  };

  test.each([
    ['annotations', { annotations: [{ name: 'a', value: '1' }] }, '1.43'],
    ['healthcheck.start_interval', { healthcheck: { test: ['CMD', 'true'], startIntervalNanos: '5' } }, '1.44'],
    ['volumes./d.bind.recursive', { mounts: [{ target: '/d', hostPath: '/e', recursive: 'writable' }] }, '1.44'],
    [
      'networks.back.mac_address',
      { networks: [{ network: 'default' }, { network: 'back', macAddress: '02:42:ac:11:65:43' }] },
      '1.44',
    ],
    ['volumes./d.volume.subpath', { mounts: [{ target: '/d', volume: 'v', subpath: 'a' }] }, '1.45'],
    ['networks.default.gw_priority', onDefault({ gatewayPriority: 1 }), '1.48'],
    ['volumes./d', { mounts: [{ target: '/d', image: { reference: 'files:1' } }] }, '1.48'],
    ['networks.default.interface_name', onDefault({ interfaceName: 'front0' }), '1.49'],
  ])('is refused %s, and not one that knows it', (path, spec, since) => {
    const before = `1.${Number(since.split('.')[1]) - 1}`;
    expect(refusal(spec, since)).toBeUndefined();
    expect(refusal(spec, '2.0')).toBeUndefined();
    expect(refusal(spec, before)).toMatchObject({
      code: 'ENGINE_TOO_OLD',
      message: `Cannot run stack shop: the engine of this host speaks API ${before} and would drop services.app.${path} (API ${since}); a newer engine is wanted`,
    });
  });

  test('is refused a network without IPv4', () => {
    const networks = [{ key: 'six', enableIpv4: false, enableIpv6: true }];
    expect(refusal({}, '1.47', networks)?.message).toContain('networks.six.enable_ipv4 (API 1.48)');
    expect(refusal({}, '1.48', networks)).toBeUndefined();
  });

  test('is asked for what every engine knows', () => {
    const known = { mounts: [{ target: '/d', hostPath: '/e', recursive: 'disabled' }], cpuQuota: '5000' };
    expect(refusal({ ...known, ...onDefault({ macAddress: '02:42:ac:11:65:43' }) }, '1.41')).toBeUndefined();
  });
});
