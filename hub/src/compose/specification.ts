/** Keys of the Compose specification, and what this version does with them. One row here is what an attribute needs first. */
import type { KnownKeys } from './known-keys.ts';

const NOT_YET = 'is not supported yet';
const WINDOWS = 'only exists on Windows';
const SWARM = 'is for Swarm only';

/** Keys that are all refused, or all ignored, for one reason. */
function all(reason: string, keys: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(keys.map((key) => [key, reason]));
}

const MODELS = 'needs Docker Model Runner, which servers do not have';

/** The top level of a file. */
export const TOP_LEVEL_KEYS: KnownKeys = {
  // Files that are included become part of the one that includes them.
  read: ['name', 'include', 'services', 'networks', 'volumes', 'configs', 'secrets', 'version'],
  refused: { models: MODELS },
};

/** A service. */
export const SERVICE_KEYS: KnownKeys = {
  read: [
    'annotations',
    // Only how a terminal follows logs.
    'attach',
    'blkio_config',
    // Ignored beside an image, refused without one.
    'build',
    'cap_add',
    'cap_drop',
    'cgroup',
    'cgroup_parent',
    'command',
    'configs',
    'container_name',
    // Engines keep it, and Linux does not use it.
    'cpu_count',
    'cpu_period',
    'cpu_quota',
    'cpu_rt_period',
    'cpu_rt_runtime',
    'cpu_shares',
    'cpus',
    'cpuset',
    'depends_on',
    'deploy',
    'device_cgroup_rules',
    'devices',
    'dns',
    'dns_opt',
    'dns_search',
    'domainname',
    'entrypoint',
    'env_file',
    'environment',
    'expose',
    // Resolved before merging.
    'extends',
    'external_links',
    'extra_hosts',
    'gpus',
    'group_add',
    'healthcheck',
    'hostname',
    'image',
    'init',
    'ipc',
    'label_file',
    'labels',
    'links',
    'logging',
    'mac_address',
    'mem_limit',
    'mem_reservation',
    'mem_swappiness',
    'memswap_limit',
    'network_mode',
    'networks',
    'oom_kill_disable',
    'oom_score_adj',
    'pid',
    'pids_limit',
    'platform',
    'ports',
    'post_start',
    'pre_stop',
    'privileged',
    'profiles',
    'pull_policy',
    'read_only',
    'restart',
    'runtime',
    'scale',
    'secrets',
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
    'volumes',
    'volumes_from',
    'working_dir',
  ],
  refused: {
    ...all(NOT_YET, ['pre_start', 'pull_refresh_after']),
    ...all(WINDOWS, ['isolation', 'credential_spec']),
    develop: "is for a developer's machine",
    provider: 'runs a program on the host',
    use_api_socket: "hands the engine's socket to a container",
    models: MODELS,
  },
  // Engines on Linux discard it.
  ignored: { cpu_percent: WINDOWS },
};

/** Keys that are refused for every purpose: what they do is not of a container. */
const NEVER: readonly string[] = ['models', 'provider', 'use_api_socket'];

/** A service that is only printed, of which no container is made. */
export const RENDERED_SERVICE_KEYS: KnownKeys = {
  read: [
    ...SERVICE_KEYS.read,
    ...Object.keys(SERVICE_KEYS.ignored ?? {}),
    ...Object.keys(SERVICE_KEYS.refused).filter((key) => !NEVER.includes(key)),
  ],
  refused: Object.fromEntries(Object.entries(SERVICE_KEYS.refused).filter(([key]) => NEVER.includes(key))),
};

/** A command of `post_start` or `pre_stop`. */
export const HOOK_KEYS: KnownKeys = {
  read: ['command', 'environment', 'privileged', 'user', 'working_dir'],
  refused: {},
};

/** `deploy` of a service. */
export const DEPLOY_KEYS: KnownKeys = {
  read: ['replicas', 'resources', 'restart_policy', 'update_config'],
  refused: {},
  ignored: all(SWARM, ['endpoint_mode', 'labels', 'mode', 'placement', 'rollback_config']),
};

/** How containers are replaced. A change that fails is undone by itself, and what watches it is a rollout. */
export const UPDATE_KEYS: KnownKeys = {
  read: ['order', 'parallelism'],
  refused: {},
  ignored: all(SWARM, ['delay', 'failure_action', 'max_failure_ratio', 'monitor']),
};

export const RESOURCES_KEYS: KnownKeys = { read: ['limits', 'reservations'], refused: {} };
export const RESOURCE_LIMIT_KEYS: KnownKeys = { read: ['cpus', 'memory', 'pids'], refused: {} };
export const RESERVATION_KEYS: KnownKeys = {
  read: ['devices', 'memory'],
  refused: {},
  ignored: all(SWARM, ['cpus', 'generic_resources']),
};
export const RESTART_POLICY_KEYS: KnownKeys = {
  read: ['condition', 'max_attempts'],
  refused: {},
  ignored: all(SWARM, ['delay', 'window']),
};

/** A named network. */
export const NETWORK_KEYS: KnownKeys = {
  read: [
    'attachable',
    'driver',
    'driver_opts',
    'enable_ipv4',
    'enable_ipv6',
    'external',
    'internal',
    'ipam',
    'labels',
    'name',
  ],
  refused: {},
};

/** A network of a service. */
export const ATTACHMENT_KEYS: KnownKeys = {
  read: [
    'aliases',
    'driver_opts',
    'gw_priority',
    'interface_name',
    'ipv4_address',
    'ipv6_address',
    'link_local_ips',
    'mac_address',
    'priority',
  ],
  refused: {},
};

/** A named volume. */
export const VOLUME_KEYS: KnownKeys = {
  read: ['driver', 'driver_opts', 'external', 'labels', 'name'],
  refused: {},
};

/** A mount in its long form, and what belongs to one kind of mount. */
export const MOUNT_KEYS: KnownKeys = {
  // `consistency` means nothing on Linux.
  read: ['type', 'source', 'target', 'read_only', 'consistency', 'bind', 'image', 'tmpfs', 'volume'],
  refused: {},
};
export const BIND_KEYS: KnownKeys = {
  read: ['create_host_path', 'propagation', 'recursive', 'selinux'],
  refused: {},
};
export const VOLUME_MOUNT_KEYS: KnownKeys = { read: ['labels', 'nocopy', 'subpath'], refused: {} };
export const IMAGE_MOUNT_KEYS: KnownKeys = { read: ['subpath'], refused: {} };
export const TMPFS_KEYS: KnownKeys = { read: ['size', 'mode'], refused: {} };

const SWARM_OBJECT = all(SWARM, ['external', 'driver', 'driver_opts', 'template_driver']);

/** A config or a secret. */
export const CONFIG_KEYS: KnownKeys = {
  read: ['content', 'environment', 'file', 'name'],
  refused: SWARM_OBJECT,
  ignored: { labels: SWARM },
};
export const SECRET_KEYS: KnownKeys = {
  read: ['environment', 'file', 'name'],
  refused: SWARM_OBJECT,
  ignored: { labels: SWARM },
};
