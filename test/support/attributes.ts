import { type Bundle, ContainerSpec, Network, Service, Volume } from '@mooring/proto';
import { bundleOf } from './bench-desired.ts';

const IMAGE = 'local/plain:1';
/** Nothing waits for a health verdict of these: they only have to be there. */
const ON_DEFAULT = { networks: [{ network: 'default' }] };

/** One attribute a service, as JSON of a ContainerSpec: what real Compose files set, alone, so that a difference names its cause. */
const ATTRIBUTES: Readonly<Record<string, object>> = {
  bare: {},
  command: { command: { values: ['sleep', '3000'] } },
  entrypoint: { entrypoint: { values: ['/bin/sleep'] }, command: { values: ['3000'] } },
  'entrypoint-alone': { entrypoint: { values: ['/bin/sleep', '3000'] } },
  environment: {
    environment: [
      { name: 'A', value: '1' },
      { name: 'EMPTY', value: '' },
      { name: 'PATH', value: '/bin:/opt' },
    ],
  },
  'environment-unset': { environment: [{ name: 'PATH' }], command: { values: ['/bin/sleep', '3000'] } },
  labels: {
    labels: [
      { name: 'a', value: '1' },
      { name: 'empty', value: '' },
    ],
  },
  hostname: { hostname: 'box' },
  'hostname-alias': { hostname: 'box', networks: [{ network: 'default', aliases: ['box', 'other'] }] },
  'hostname-service': { hostname: 'hostname-service' },
  domainname: { hostname: 'box', domainname: 'example.test' },
  user: { user: '0:0' },
  working_dir: { workingDir: '/tmp' },
  tty: { tty: true },
  stdin_open: { stdinOpen: true },
  init: { init: true },
  'init-off': { init: false },
  stop_signal: { stopSignal: 'SIGINT' },
  stop_grace_period: { stopTimeoutSeconds: 1 },
  restart: { restart: { name: 'unless-stopped' } },
  'restart-count': { restart: { name: 'on-failure', maximumRetries: 3 } },
  healthcheck: { healthcheck: { test: ['CMD-SHELL', 'true'], intervalNanos: '60000000000', retries: 2 } },
  'healthcheck-off': { healthcheck: { test: ['NONE'] } },
  read_only: { readOnly: true },
  privileged: { privileged: true },
  cap_add: { capAdd: ['CAP_NET_ADMIN', 'CAP_SYS_TIME'] },
  cap_drop: { capDrop: ['ALL'] },
  security_opt: { securityOptions: ['no-new-privileges=true'] },
  'security_opt-seccomp': { securityOptions: ['seccomp=unconfined'] },
  'security_opt-paths': { securityOptions: ['systempaths=unconfined'] },
  mem_limit: { memoryBytes: '67108864' },
  memswap_limit: { memoryBytes: '67108864', memorySwapBytes: '100663296' },
  mem_reservation: { memoryReservationBytes: '33554432' },
  cpus: { nanoCpus: '500000000' },
  cpu_shares: { cpuShares: '512' },
  cpuset: { cpuset: '0' },
  pids_limit: { pidsLimit: '100' },
  shm_size: { shmSizeBytes: '134217728' },
  ulimits: {
    ulimits: [
      { name: 'nofile', soft: '1024', hard: '2048' },
      { name: 'nproc', soft: '512', hard: '512' },
    ],
  },
  devices: { devices: [{ source: '/dev/null', target: '/dev/nothing', permissions: 'rwm' }] },
  sysctls: { sysctls: [{ name: 'net.core.somaxconn', value: '256' }] },
  group_add: { groupAdd: ['5', '6'] },
  extra_hosts: { extraHosts: ['a:10.0.0.1', 'b:host-gateway', 'c:::1'] },
  dns: { dns: ['10.0.0.53', '10.0.0.54'] },
  dns_opt: { dnsOptions: ['ndots:2'] },
  dns_search: { dnsSearch: ['b.test', 'a.test'] },
  logging: { logging: { driver: 'json-file', options: [{ name: 'max-size', value: '1m' }] } },
  'logging-none': { logging: { driver: 'none', options: [] } },
  ports: { ports: [{ containerPort: 80, protocol: 'tcp', hostPort: '18080', published: true }] },
  'ports-address': {
    ports: [{ containerPort: 80, protocol: 'udp', hostAddress: '127.0.0.1', hostPort: '18081', published: true }],
  },
  'ports-ephemeral': { ports: [{ containerPort: 80, protocol: 'tcp', published: true }] },
  'ports-range': { ports: [{ containerPort: 80, protocol: 'tcp', hostPort: '18090-18095', published: true }] },
  expose: { ports: [{ containerPort: 9000, protocol: 'tcp', published: false }] },
  'volume-named': { mounts: [{ target: '/data', volume: 'kept' }] },
  'volume-read-only': { mounts: [{ target: '/data', readOnly: true, volume: 'kept' }] },
  'volume-anonymous': { mounts: [{ target: '/data', anonymous: {} }] },
  'volume-nocopy': { mounts: [{ target: '/data', noCopy: true, volume: 'kept' }] },
  'bind-host': { mounts: [{ target: '/host', hostPath: '/etc' }] },
  'bind-propagation': { mounts: [{ target: '/host', propagation: 'private', hostPath: '/etc' }] },
  'bind-engine-root': { mounts: [{ target: '/host', readOnly: true, hostPath: '/' }] },
  'bind-must-exist': { mounts: [{ target: '/host', mustExist: true, hostPath: '/etc' }] },
  'bind-data': { mounts: [{ target: '/own', dataPath: 'state' }] },
  tmpfs: { mounts: [{ target: '/run', tmpfs: { options: 'size=64k,mode=1777' } }] },
  'tmpfs-bare': { mounts: [{ target: '/run', tmpfs: { options: '' } }] },
  'tmpfs-long': { mounts: [{ target: '/run', tmpfs: { sizeBytes: '65536', mode: 0o1777 } }] },
  'network-aliases': { networks: [{ network: 'default', aliases: ['other', 'name'] }] },
  'network-two': { networks: [{ network: 'default' }, { network: 'back', aliases: ['behind'] }] },
  'network-address': { networks: [{ network: 'pool', ipv4Address: '172.31.99.77' }] },
  'network_mode-host': { networkMode: 'host', networks: [] },
  'network_mode-none': { networkMode: 'none', networks: [] },
  'network_mode-service': { networkMode: 'service:bare', networks: [] },
  'pid-host': { pidMode: 'host' },
  'pid-service': { pidMode: 'service:bare' },
  'ipc-host': { ipcMode: 'host' },
  'ipc-shareable': { ipcMode: 'shareable' },
  uts: { utsMode: 'host' },
  platform: { platform: 'linux/amd64' },
};

/** One stack with a service for each attribute, apart from those that are named. */
export function attributesBundle({ without = [] }: { without?: readonly string[] } = {}): Bundle {
  const asked = Object.entries(ATTRIBUTES).filter(([name]) => !without.includes(name));
  const services = asked.map(([name, spec]) =>
    Service.fromPartial({
      name,
      container: ContainerSpec.fromJSON({ image: IMAGE, ...QUICK, ...ON_DEFAULT, ...spec }),
    }),
  );
  return bundleOf('each', {
    services: services.sort((a, b) => (a.name < b.name ? -1 : 1)),
    networks: [
      Network.fromPartial({
        key: 'back',
        name: 'each_back',
        internal: true,
        labels: [{ name: 'tier', value: 'back' }],
      }),
      Network.fromPartial({ key: 'default', name: 'each_default' }),
      Network.fromPartial({
        key: 'pool',
        name: 'each_pool',
        attachable: true,
        driverOptions: [{ name: 'com.docker.network.bridge.enable_icc', value: 'true' }],
        ipam: { pools: [{ subnet: '172.31.99.0/24', ipRange: '172.31.99.64/26' }] },
      }),
    ],
    volumes: [Volume.fromPartial({ key: 'kept', name: 'each_kept', labels: [{ name: 'tier', value: 'data' }] })],
  });
}

/** Tests stop these often, and none of them catches a signal. */
const QUICK = { stopTimeoutSeconds: 0 };
