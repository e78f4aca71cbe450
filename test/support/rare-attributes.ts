import { type Bundle, ContainerSpec, Dependency, DependencyCondition, Network, Service, Volume } from '@mooring/proto';
import { bundleOf } from './bench-desired.ts';

const IMAGE = 'local/plain:1';
const ON_DEFAULT = { networks: [{ network: 'default' }] };
/** Tests stop these often, and none of them catches a signal. */
const QUICK = { stopTimeoutSeconds: 0 };

/** One fragment of what few files set. */
interface Fragment {
  /** JSON of a ContainerSpec. */
  readonly spec: object;
  /** The minor version of the Engine API (1.x) that knows it; absent: every engine that tests run does. */
  readonly since?: number;
  /** Services that must be there first. */
  readonly after?: readonly string[];
}

const detail = (more: object) => ({ networks: [{ network: 'default', ...more }] });
const mount = (more: object) => ({ mounts: [more] });

/** One attribute a service, alone, as far as the kernel of this machine can start what an engine keeps of it. */
const RARE_ATTRIBUTES: Readonly<Record<string, Fragment>> = {
  annotations: {
    since: 43,
    spec: {
      annotations: [
        { name: 'a', value: '1' },
        { name: 'empty', value: '' },
      ],
    },
  },
  // The kernel may lack it: the engine drops it then.
  'blkio_config-weight': { spec: { blockIo: { weight: 300 } } },
  cgroup: { spec: { cgroupMode: 'private' } },
  'cgroup-host': { spec: { cgroupMode: 'host' } },
  cgroup_parent: { spec: { cgroupParent: '/mooring-test' } },
  cpu_count: { spec: { cpuCount: '2' } },
  cpu_period: { spec: { cpuPeriod: '50000', cpuQuota: '25000' } },
  cpu_quota: { spec: { cpuQuota: '25000' } },
  'cpu_quota-unlimited': { spec: { cpuQuota: '-1' } },
  device_cgroup_rules: { spec: { deviceCgroupRules: ['c 1:3 mr', 'a 7:* rmw'] } },
  external_links: { spec: { links: [{ container: 'elsewhere', alias: 'near' }] } },
  links: {
    spec: {
      links: [
        { service: 'cgroup', alias: 'cgroup' },
        { service: 'runtime', alias: 'other' },
      ],
    },
    after: ['cgroup', 'runtime'],
  },
  mac_address: { spec: detail({ macAddress: '02:42:ac:11:65:43' }) },
  'mac_address-second': {
    since: 44,
    spec: { networks: [{ network: 'default' }, { network: 'back', macAddress: '02:42:ac:11:65:44' }] },
  },
  mem_swappiness: { spec: { memoryBytes: '67108864', memorySwappiness: 60 } },
  oom_kill_disable: { spec: { memoryBytes: '67108864', oomKillDisable: true } },
  oom_score_adj: { spec: { oomScoreAdjustment: 500 } },
  runtime: { spec: { runtime: 'io.containerd.runc.v2' } },
  'network-driver_opts': {
    spec: detail({
      driverOptions: [
        { name: 'com.docker.network.endpoint.sysctls', value: 'net.ipv4.conf.IFNAME.log_martians=1' },
        { name: 'io.example', value: 'x' },
      ],
    }),
  },
  'network-gw_priority': {
    since: 48,
    spec: { networks: [{ network: 'default' }, { network: 'back', gatewayPriority: 10 }] },
  },
  'network-interface_name': { since: 49, spec: detail({ interfaceName: 'front0' }) },
  'network-no-ipv4': { since: 48, spec: { networks: [{ network: 'six' }] } },
  'bind-recursive-disabled': { spec: mount({ target: '/host', hostPath: '/etc', recursive: 'disabled' }) },
  'bind-recursive-writable': {
    since: 44,
    spec: mount({ target: '/host', hostPath: '/etc', readOnly: true, recursive: 'writable' }),
  },
  'bind-recursive-readonly': {
    since: 44,
    spec: mount({
      target: '/host',
      hostPath: '/etc',
      readOnly: true,
      recursive: 'readonly',
      propagation: 'rprivate',
    }),
  },
  // What the image holds there fills the volume.
  'volume-filled': { spec: mount({ target: '/var', volume: 'filled' }) },
  'volume-subpath': {
    since: 45,
    spec: mount({ target: '/data', volume: 'filled', subpath: 'www' }),
    after: ['volume-filled'],
  },
  'volume-labels': {
    spec: mount({ target: '/data', volume: 'kept', volumeLabels: [{ name: 'a', value: '1' }] }),
  },
  'volume-anonymous-labels': {
    spec: mount({ target: '/data', anonymous: {}, volumeLabels: [{ name: 'a', value: '1' }] }),
  },
  'mount-image': { since: 48, spec: mount({ target: '/files', image: { reference: 'local/web:1' } }) },
  volumes_from: {
    spec: { volumesFrom: ['service:volume-filled'], mounts: [{ target: '/own', anonymous: {} }] },
    after: ['volume-filled'],
  },
};

/** What an engine keeps although this machine cannot start it, having no such devices and no such scheduler; and the HostConfig that keeps it. */
export const KEPT_ATTRIBUTES: Readonly<Record<string, { readonly spec: object; readonly kept: object }>> = {
  'blkio_config-devices': {
    spec: {
      blockIo: {
        readBytes: [{ path: '/dev/null', rate: '12582912' }],
        writeBytes: [{ path: '/dev/null', rate: '1024' }],
        readOperations: [{ path: '/dev/null', rate: '120' }],
        writeOperations: [{ path: '/dev/null', rate: '30' }],
      },
    },
    kept: {
      BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 12_582_912 }],
      BlkioDeviceWriteBps: [{ Path: '/dev/null', Rate: 1024 }],
      BlkioDeviceReadIOps: [{ Path: '/dev/null', Rate: 120 }],
      BlkioDeviceWriteIOps: [{ Path: '/dev/null', Rate: 30 }],
    },
  },
  cpu_rt: {
    spec: { cpuRealtimePeriod: '1000000', cpuRealtimeRuntime: '1000' },
    kept: { CpuRealtimePeriod: 1_000_000, CpuRealtimeRuntime: 1000 },
  },
  gpus: {
    spec: { deviceRequests: [{ count: -1, capabilities: ['gpu'] }] },
    kept: { DeviceRequests: [request({ Count: -1, Capabilities: [['gpu']] })] },
  },
  'gpus-driver': {
    spec: {
      deviceRequests: [
        { driver: 'nvidia', count: 2, capabilities: ['utility', 'gpu'], options: [{ name: 'a', value: 'b' }] },
      ],
    },
    kept: {
      DeviceRequests: [
        request({ Driver: 'nvidia', Count: 2, Capabilities: [['utility', 'gpu']], Options: { a: 'b' } }),
      ],
    },
  },
  'devices-reserved': {
    spec: { deviceRequests: [{ deviceIds: ['0', '3'], capabilities: ['gpu', 'compute'] }] },
    kept: { DeviceRequests: [request({ DeviceIDs: ['0', '3'], Capabilities: [['gpu', 'compute']] })] },
  },
};

/** As docker compose 2.40.3 makes one and engines 26.1 and 28.5 tell it. */
function request(more: object): object {
  return { Driver: '', Count: 0, DeviceIDs: null, Capabilities: [], Options: null, ...more };
}

/** One stack with a service for each rare attribute that engines know between two minor versions of the API, both included. */
export function rareAttributesBundle({ from = 0, until }: { from?: number; until: number }): Bundle {
  const services = Object.entries(RARE_ATTRIBUTES)
    .filter(([, { since = 0 }]) => since >= from && since <= until)
    .map(([name, fragment]) => serviceOf(name, fragment));
  const used = new Set(services.flatMap(({ container }) => container?.networks.map(({ network }) => network) ?? []));
  return bundleOf('each', {
    services: services.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    networks: NETWORKS.filter(({ key }) => used.has(key)),
    volumes: [
      Volume.fromPartial({ key: 'filled', name: 'each_filled' }),
      Volume.fromPartial({ key: 'kept', name: 'each_kept', labels: [{ name: 'tier', value: 'data' }] }),
    ],
  });
}

/** A service of nothing but an image and these attributes. */
export function serviceOf(name: string, { spec, after = [] }: { spec: object; after?: readonly string[] }): Service {
  const condition = DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED;
  return Service.fromPartial({
    name,
    container: ContainerSpec.fromJSON({ image: IMAGE, ...QUICK, ...ON_DEFAULT, ...spec }),
    dependsOn: after.map((service) => Dependency.fromPartial({ service, condition, required: true })),
  });
}

const NETWORKS: readonly Network[] = [
  Network.fromPartial({
    key: 'back',
    name: 'each_back',
    internal: true,
    labels: [{ name: 'tier', value: 'back' }],
  }),
  Network.fromPartial({ key: 'default', name: 'each_default' }),
  Network.fromPartial({ key: 'six', name: 'each_six', enableIpv4: false, enableIpv6: true }),
];
