/** Compose, as it is written. */
type Written = Readonly<Record<string, unknown>>;

const IMAGE = 'local/plain:1';
/** Tests stop these often, and none of them catches a signal. */
const QUICK = { stop_grace_period: '0s' };

/**
 * One attribute a service, in Compose's own words: what real Compose files set, alone, so that a difference names its cause. Both Mooring and docker
 * compose make containers of these.
 */
const FRAGMENTS: Readonly<Record<string, Written>> = {
  bare: {},
  command: { command: ['sleep', '3000'] },
  entrypoint: { entrypoint: ['/bin/sleep'], command: ['3000'] },
  'entrypoint-alone': { entrypoint: ['/bin/sleep', '3000'] },
  environment: { environment: { A: '1', EMPTY: '', PATH: '/bin:/opt' } },
  'environment-unset': { environment: ['PATH'], command: ['/bin/sleep', '3000'] },
  labels: { labels: { a: '1', empty: '' } },
  hostname: { hostname: 'box' },
  'hostname-alias': { hostname: 'box', networks: { default: { aliases: ['box', 'other'] } } },
  'hostname-service': { hostname: 'hostname-service' },
  domainname: { hostname: 'box', domainname: 'example.test' },
  user: { user: '0:0' },
  working_dir: { working_dir: '/tmp' },
  tty: { tty: true },
  stdin_open: { stdin_open: true },
  init: { init: true },
  'init-off': { init: false },
  stop_signal: { stop_signal: 'SIGINT' },
  stop_grace_period: { stop_grace_period: '1s' },
  restart: { restart: 'unless-stopped' },
  'restart-count': { restart: 'on-failure:3' },
  healthcheck: { healthcheck: { test: ['CMD-SHELL', 'true'], interval: '1m', retries: 2 } },
  'healthcheck-off': { healthcheck: { test: ['NONE'] } },
  read_only: { read_only: true },
  privileged: { privileged: true },
  cap_add: { cap_add: ['NET_ADMIN', 'SYS_TIME'] },
  cap_drop: { cap_drop: ['ALL'] },
  security_opt: { security_opt: ['no-new-privileges=true'] },
  'security_opt-seccomp': { security_opt: ['seccomp=unconfined'] },
  'security_opt-paths': { security_opt: ['systempaths=unconfined'] },
  mem_limit: { mem_limit: '64m' },
  memswap_limit: { mem_limit: '64m', memswap_limit: '96m' },
  mem_reservation: { mem_reservation: '32m' },
  cpus: { cpus: 0.5 },
  cpu_shares: { cpu_shares: 512 },
  cpuset: { cpuset: '0' },
  pids_limit: { pids_limit: 100 },
  shm_size: { shm_size: '128m' },
  ulimits: { ulimits: { nofile: { soft: 1024, hard: 2048 }, nproc: 512 } },
  devices: { devices: ['/dev/null:/dev/nothing:rwm'] },
  sysctls: { sysctls: { 'net.core.somaxconn': '256' } },
  group_add: { group_add: ['5', '6'] },
  extra_hosts: { extra_hosts: ['a:10.0.0.1', 'b:host-gateway', 'c:::1'] },
  dns: { dns: ['10.0.0.53', '10.0.0.54'] },
  dns_opt: { dns_opt: ['ndots:2'] },
  dns_search: { dns_search: ['b.test', 'a.test'] },
  logging: { logging: { driver: 'json-file', options: { 'max-size': '1m' } } },
  'logging-none': { logging: { driver: 'none' } },
  ports: { ports: ['18080:80'] },
  'ports-address': { ports: ['127.0.0.1:18081:80/udp'] },
  'ports-ephemeral': { ports: ['80'] },
  'ports-range': { ports: ['18090-18095:80'] },
  expose: { expose: ['9000'] },
  'volume-named': { volumes: ['kept:/data'] },
  'volume-read-only': { volumes: ['kept:/data:ro'] },
  'volume-anonymous': { volumes: ['/data'] },
  'volume-nocopy': { volumes: ['kept:/data:nocopy'] },
  'bind-host': { volumes: ['/etc:/host'] },
  'bind-propagation': {
    volumes: [
      { type: 'bind', source: '/etc', target: '/host', bind: { propagation: 'private', create_host_path: true } },
    ],
  },
  'bind-engine-root': { volumes: ['/:/host:ro'] },
  'bind-must-exist': {
    volumes: [{ type: 'bind', source: '/etc', target: '/host', bind: { create_host_path: false } }],
  },
  'bind-data': { volumes: ['./state:/own'] },
  tmpfs: { tmpfs: ['/run:size=64k,mode=1777'] },
  'tmpfs-bare': { tmpfs: ['/run'] },
  'tmpfs-long': { volumes: [{ type: 'tmpfs', target: '/run', tmpfs: { size: 65_536, mode: 0o1777 } }] },
  'network-aliases': { networks: { default: { aliases: ['other', 'name'] } } },
  'network-two': { networks: { default: { priority: 1 }, back: { aliases: ['behind'] } } },
  'network-address': { networks: { pool: { ipv4_address: '172.31.99.77' } } },
  'network_mode-host': { network_mode: 'host' },
  'network_mode-none': { network_mode: 'none' },
  'network_mode-service': { network_mode: 'service:bare' },
  'pid-host': { pid: 'host' },
  'pid-service': { pid: 'service:bare' },
  'ipc-host': { ipc: 'host' },
  'ipc-shareable': { ipc: 'shareable' },
  uts: { uts: 'host' },
  platform: { platform: 'linux/amd64' },
};

/** Networks that fragments name. */
const NETWORKS: Written = {
  back: { internal: true, labels: { tier: 'back' } },
  pool: {
    attachable: true,
    driver_opts: { 'com.docker.network.bridge.enable_icc': 'true' },
    ipam: { config: [{ subnet: '172.31.99.0/24', ip_range: '172.31.99.64/26' }] },
  },
};

/** Volumes that fragments name. */
const VOLUMES: Written = { kept: { labels: { tier: 'data' } } };

/** Names of the attributes, each a service. */
export const ATTRIBUTES: readonly string[] = Object.keys(FRAGMENTS);

/** A Compose file with a service for each attribute, apart from those that are named. */
export function attributesFile({ without = [] }: { without?: readonly string[] } = {}): string {
  const asked = Object.entries(FRAGMENTS).filter(([name]) => !without.includes(name));
  const services = asked.map(([name, fragment]) => [name, { image: IMAGE, ...QUICK, ...fragment }]);
  return JSON.stringify({ services: Object.fromEntries(services), networks: NETWORKS, volumes: VOLUMES }, undefined, 1);
}
