import assert from 'node:assert/strict';
import type { Engine } from '../engine.ts';
import { type Clause, details, seen, withContainer, withNetwork } from './clause.ts';

/** What few files set, as far as an engine keeps it: none of these containers is started, since kernels differ in what they can do. */
export const RARE: readonly Clause[] = [
  {
    name: 'limits of time, devices and memory are told as they were asked for',
    holds: ({ engine }) => {
      const asked = {
        CpuPeriod: 50_000,
        CpuQuota: 25_000,
        CpuRealtimePeriod: 1_000_000,
        CpuRealtimeRuntime: 1000,
        CpuCount: 2,
        CgroupParent: '/mooring',
        DeviceCgroupRules: ['c 1:3 mr', 'a 7:* rmw'],
        OomScoreAdj: -500,
        Runtime: 'io.containerd.runc.v2',
        BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1024 }],
        BlkioDeviceWriteIOps: [{ Path: '/dev/null', Rate: 30 }],
      };
      return withContainer(engine, { HostConfig: asked }, async (id) => {
        const fields = await seen(engine, id);
        const told = Object.keys(LIMITS).map((path) => [path, fields[path]]);
        assert.deepEqual(Object.fromEntries(told), LIMITS);
      });
    },
  },
  {
    name: 'what a kernel lacks is dropped, and nothing else is put in its place',
    holds: ({ engine }) => {
      const asked = { Memory: 67_108_864, MemorySwappiness: 60, OomKillDisable: true, BlkioWeight: 300 };
      return withContainer(engine, { HostConfig: asked }, async (id) => {
        const fields = await seen(engine, id);
        assert.ok([undefined, '60'].includes(fields['mem_swappiness']));
        assert.ok([undefined, 'true'].includes(fields['oom_kill_disable']));
        assert.ok([undefined, '300'].includes(fields['blkio_config.weight']));
      });
    },
  },
  {
    name: 'devices of a driver are told whatever is left out of the question',
    holds: ({ engine }) => {
      const asked = [
        { Count: -1, Capabilities: [['gpu']] },
        { Driver: 'nvidia', DeviceIDs: ['0', '3'], Capabilities: [['gpu', 'compute']], Options: { b: '2', a: '1' } },
      ];
      return withContainer(engine, { HostConfig: { DeviceRequests: asked } }, async (id) => {
        const told = JSON.parse((await seen(engine, id))['gpus'] ?? '[]');
        assert.deepEqual(told, ['all [gpu]', 'nvidia 0+3 [gpu compute] a=1 b=2']);
      });
    },
  },
  {
    name: 'annotations are told by name',
    holds: async ({ engine }) => {
      if ((await minorOf(engine)) < 43) return;
      await withContainer(engine, { HostConfig: { Annotations: { a: '1', b: '' } } }, async (id) => {
        const { 'annotations.a': a, 'annotations.b': b } = await seen(engine, id);
        assert.deepEqual([a, b], ['=1', '=']);
      });
    },
  },
  {
    name: 'an attachment tells its links, options and address, and its priority and interface where the engine knows them',
    holds: ({ engine }) =>
      withNetwork(engine, { Name: 'contract-rare' }, async () => {
        const minor = await minorOf(engine);
        const asked = {
          Links: ['other:second', 'other:first'],
          DriverOpts: { b: '2', a: '1', ...(minor < 49 ? {} : { 'com.docker.network.endpoint.ifname': 'front0' }) },
          ...(minor < 44 ? {} : { MacAddress: '02:42:AC:11:65:43' }),
          ...(minor < 48 ? {} : { GwPriority: 7 }),
        };
        const NetworkingConfig = { EndpointsConfig: { 'contract-rare': asked } };
        const body = { HostConfig: { NetworkMode: 'contract-rare' }, NetworkingConfig };
        await withContainer(engine, body, async (id) => {
          const fields = await seen(engine, id);
          const told = (detail: string) => fields[`networks.contract-rare.${detail}`];
          assert.deepEqual(['links', 'driver_opts', 'interface_name', 'gw_priority', 'mac_address'].map(told), [
            '["other:first","other:second"]',
            '["a=1","b=2"]',
            minor < 49 ? undefined : 'front0',
            minor < 48 ? undefined : '7',
            minor < 44 ? undefined : '02:42:ac:11:65:43',
          ]);
        });
      }),
  },
  {
    name: 'volumes of another container are mounted and told as its own',
    holds: ({ engine }) =>
      withContainer(engine, { HostConfig: { Binds: ['contract_named:/named', '/etc:/host:ro'] } }, async (owner) => {
        const asked = { HostConfig: { VolumesFrom: [owner], Binds: ['/tmp:/own'] } };
        const id = await engine.createContainer('contract-two', { Image: 'local/contract:1', ...asked }, '');
        try {
          const { inspected } = await details(engine, id);
          const targets = (inspected.Mounts ?? []).map(({ Destination }) => Destination);
          assert.deepEqual(targets.sort(), ['/host', '/kept', '/named', '/own']);
          const fields = await seen(engine, id);
          const mounts = Object.entries(fields).filter(([path]) => /^volumes/.test(path));
          assert.deepEqual(Object.fromEntries(mounts), {
            'volumes./own': 'bind /tmp',
            volumes_from: JSON.stringify([owner]),
          });
        } finally {
          await engine.removeContainer(id);
        }
      }),
  },
  {
    name: 'a mount tells the folder of a volume, what becomes of mounts below it, and the image whose files it shows',
    holds: async ({ engine }) => {
      const minor = await minorOf(engine);
      const Mounts = [
        ...(minor < 45
          ? []
          : [{ Type: 'volume', Source: 'contract_named', Target: '/sub', VolumeOptions: { Subpath: 'in/side' } }]),
        { Type: 'bind', Source: '/etc', Target: '/flat', BindOptions: { NonRecursive: true } },
        ...(minor < 48
          ? []
          : [{ Type: 'image', Source: 'local/contract:1', Target: '/image', ImageOptions: { Subpath: 'etc' } }]),
      ];
      await withContainer(engine, { HostConfig: { Mounts } }, async (id) => {
        const fields = await seen(engine, id);
        assert.deepEqual(
          ['/sub', '/flat', '/image'].map((target) => fields[`volumes.${target}`]),
          [
            minor < 45 ? undefined : 'volume contract_named folder in/side',
            'bind /etc recursive=disabled',
            minor < 48 ? undefined : 'image local/contract:1 folder etc',
          ],
        );
      });
    },
  },
];

const LIMITS: Readonly<Record<string, string>> = {
  cpu_period: '50000',
  cpu_quota: '25000',
  cpu_rt_period: '1000000',
  cpu_rt_runtime: '1000',
  cpu_count: '2',
  cgroup_parent: '/mooring',
  device_cgroup_rules: '["c 1:3 mr","a 7:* rmw"]',
  oom_score_adj: '-500',
  runtime: 'io.containerd.runc.v2',
  'blkio_config.device_read_bps': '["/dev/null:1024"]',
  'blkio_config.device_write_iops': '["/dev/null:30"]',
};

/** What the engine says of itself: the minor version of API 1.x. */
async function minorOf(engine: Engine): Promise<number> {
  const { apiVersion } = await engine.describe();
  return Number(apiVersion.split('.')[1]);
}
