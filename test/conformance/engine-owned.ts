/** JSON of an engine's answer. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What no two containers share, whoever made them: paths below an inspected container that the engine fills in as it likes. `*` stands for one name. */
const CONTAINER: readonly string[] = [
  'Id',
  'Created',
  'Path',
  'Args',
  'ResolvConfPath',
  'HostnamePath',
  'HostsPath',
  'LogPath',
  'GraphDriver',
  'Driver',
  'ProcessLabel',
  'MountLabel',
  'AppArmorProfile',
  'SizeRw',
  'SizeRootFs',
  'ExecIDs',
  'RestartCount',
  // Status, ExitCode and Paused are compared, as the status.
  ...['Pid', 'StartedAt', 'FinishedAt', 'Error', 'Health', 'Running', 'Restarting', 'Dead', 'OOMKilled'].map(
    (name) => `State.${name}`,
  ),
  'HostConfig.ConsoleSize',
  'HostConfig.MaskedPaths',
  'HostConfig.ReadonlyPaths',
  'HostConfig.KernelMemory',
  'HostConfig.KernelMemoryTCP',
  'HostConfig.ContainerIDFile',
  'HostConfig.Cgroup',
  'Config.OnBuild',
  'Config.ArgsEscaped',
  'Config.Shell',
  'NetworkSettings.Ports',
  ...endpoint('NetworkSettings'),
  ...endpoint('NetworkSettings.Networks.*'),
];

/** Networks: when, whoever is on them, and addresses that the engine chose. */
const NETWORK: readonly string[] = ['Id', 'Created', 'Containers', 'Status'];
const VOLUME: readonly string[] = ['CreatedAt', 'Mountpoint', 'Status'];

/** What a container, network or volume shows that is the engine's own (COMPOSE 2.8). */
export const ENGINE_OWNED = { container: CONTAINER, network: NETWORK, volume: VOLUME } as const;

/** Labels that docker compose writes about itself, and where it found its files. */
export const OWN_COMPOSE_LABELS: readonly string[] = [
  'version',
  'config-hash',
  'replace',
  'project.config_files',
  'project.working_dir',
].map((name) => `com.docker.compose.${name}`);

/** Every label of ours begins so. */
export const OWN_PREFIX = 'io.mooring.';

function endpoint(at: string): readonly string[] {
  const names = [
    'SandboxID',
    'SandboxKey',
    'EndpointID',
    'Gateway',
    'IPAddress',
    'IPPrefixLen',
    'MacAddress',
    'DNSNames',
  ];
  const version6 = ['IPv6Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen'];
  return [...names, ...version6].map((name) => `${at}.${name}`);
}
