/** Keys of the Compose specification, and what this version does with them. One row here is what an attribute needs first. */

/** Top-level keys that are read. */
export const TOP_LEVEL_KEYS = ['name', 'services', 'networks', 'volumes', 'configs', 'secrets', 'version'] as const;

/** Top-level keys of the specification that are refused, with the reason. */
export const UNSUPPORTED_TOP_LEVEL: Readonly<Record<string, string>> = {
  include: 'is not supported yet',
  models: 'needs Docker Model Runner, which servers do not have',
};

/** Attributes of a service that are read. */
export const SERVICE_KEYS = [
  'command',
  'configs',
  'depends_on',
  'deploy',
  'entrypoint',
  'environment',
  'healthcheck',
  'image',
  'labels',
  'mem_limit',
  'networks',
  'ports',
  'restart',
  'secrets',
  'volumes',
] as const;

const NOT_YET = 'is not supported yet';
const WINDOWS = 'only exists on Windows';

/** Attributes of a service that are refused by name, with the reason. */
export const UNSUPPORTED_SERVICE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'annotations',
      'attach',
      'blkio_config',
      'cap_add',
      'cap_drop',
      'cgroup',
      'cgroup_parent',
      'container_name',
      'cpu_percent',
      'cpu_period',
      'cpu_quota',
      'cpu_rt_period',
      'cpu_rt_runtime',
      'cpu_shares',
      'cpus',
      'cpuset',
      'device_cgroup_rules',
      'devices',
      'dns',
      'dns_opt',
      'dns_search',
      'domainname',
      'env_file',
      'expose',
      'extends',
      'external_links',
      'extra_hosts',
      'gpus',
      'group_add',
      'hostname',
      'init',
      'ipc',
      'label_file',
      'links',
      'logging',
      'mac_address',
      'mem_reservation',
      'mem_swappiness',
      'memswap_limit',
      'network_mode',
      'oom_kill_disable',
      'oom_score_adj',
      'pid',
      'pids_limit',
      'platform',
      'post_start',
      'pre_start',
      'pre_stop',
      'privileged',
      'profiles',
      'pull_policy',
      'pull_refresh_after',
      'read_only',
      'runtime',
      'scale',
      'security_opt',
      'shm_size',
      'stdin_open',
      'stop_grace_period',
      'stop_signal',
      'storage_opt',
      'sysctls',
      'tmpfs',
      'tty',
      'ulimits',
      'user',
      'userns_mode',
      'uts',
      'volumes_from',
      'working_dir',
    ].map((key) => [key, NOT_YET]),
  ),
  build: 'builds images, which a fleet does once, elsewhere: name the image that was built',
  develop: "is for a developer's machine",
  provider: 'runs a program on the host',
  use_api_socket: "hands the engine's socket to a container",
  models: UNSUPPORTED_TOP_LEVEL['models'] ?? NOT_YET,
  isolation: WINDOWS,
  credential_spec: WINDOWS,
  cpu_count: WINDOWS,
};

/** Keys below `deploy` that are refused by name, with the reason. */
export const UNSUPPORTED_DEPLOY: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'mode',
    'endpoint_mode',
    'replicas',
    'labels',
    'rollback_config',
    'update_config',
    'restart_policy',
    'placement',
  ].map((key) => [key, NOT_YET]),
);

/** Keys of a named network, of which the second list is refused by name. */
export const NETWORK_KEYS = ['name', 'labels', 'external', 'internal', 'driver'] as const;
export const UNSUPPORTED_NETWORK: Readonly<Record<string, string>> = Object.fromEntries(
  ['attachable', 'driver_opts', 'enable_ipv4', 'enable_ipv6', 'ipam'].map((key) => [key, NOT_YET]),
);

/** Keys of a named volume, of which the second list is refused by name. */
export const VOLUME_KEYS = ['name', 'labels', 'external', 'driver'] as const;
export const UNSUPPORTED_VOLUME: Readonly<Record<string, string>> = { driver_opts: NOT_YET };

/** Keys of a config or secret, of which the second list is refused by name. */
export const FILE_OBJECT_KEYS = ['file', 'name'] as const;
export const UNSUPPORTED_FILE_OBJECT: Readonly<Record<string, string>> = {
  content: NOT_YET,
  environment: NOT_YET,
  external: 'is for Swarm only',
  driver: 'is for Swarm only',
  driver_opts: 'is for Swarm only',
  template_driver: 'is for Swarm only',
  labels: NOT_YET,
};
