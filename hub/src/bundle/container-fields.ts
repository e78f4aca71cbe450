import type {
  BlockIo,
  ContainerSpec,
  DeviceRequest,
  Healthcheck,
  Hook,
  Link,
  Mount,
  NetworkAttachment,
  Port,
  RestartPolicy,
} from '@mooring/proto';
import { type Field, keyPath, labelFields, quoted, unlessEmpty, whenTrue } from './field.ts';

const NANOS = 1_000_000_000;

type Reader = (spec: ContainerSpec) => readonly Field[];

/** How each field of a specification reads in Compose's words; a new one does not compile until it stands here. */
const READERS: Readonly<Record<keyof ContainerSpec, Reader>> = {
  image: ({ image }) => [['image', image]],
  command: ({ command }) => (command === undefined ? [] : [['command', JSON.stringify(command.values)]]),
  entrypoint: ({ entrypoint }) => (entrypoint === undefined ? [] : [['entrypoint', JSON.stringify(entrypoint.values)]]),
  environment: ({ environment }) =>
    environment.map(({ name, value }) => [
      keyPath('environment', name),
      value === undefined ? '(unset)' : quoted(value),
    ]),
  labels: ({ labels }) => labelFields('labels', labels),
  ports: ({ ports }) => [
    ...list('ports', ports.filter(({ published }) => published).map(publishedText)),
    ...list('expose', ports.filter(({ published }) => !published).map(exposedText)),
  ],
  mounts: ({ mounts }) => mounts.flatMap(mountFields),
  networks: ({ networks }) => networkFields(networks),
  healthcheck: ({ healthcheck }) => (healthcheck === undefined ? [] : healthcheckFields(healthcheck)),
  restart: ({ restart }) => (restart === undefined ? [] : [['restart', restartText(restart)]]),
  memoryBytes: ({ memoryBytes }) => number('mem_limit', memoryBytes),
  memorySwapBytes: ({ memorySwapBytes }) => number('memswap_limit', memorySwapBytes),
  memoryReservationBytes: ({ memoryReservationBytes }) => number('mem_reservation', memoryReservationBytes),
  nanoCpus: ({ nanoCpus }) => (nanoCpus === 0n ? [] : [['cpus', String(Number(nanoCpus) / NANOS)]]),
  cpuShares: ({ cpuShares }) => number('cpu_shares', cpuShares),
  cpuset: ({ cpuset }) => unlessEmpty('cpuset', cpuset),
  pidsLimit: ({ pidsLimit }) => number('pids_limit', pidsLimit),
  shmSizeBytes: ({ shmSizeBytes }) => number('shm_size', shmSizeBytes),
  ulimits: ({ ulimits }) => ulimits.map(({ name, soft, hard }) => [keyPath('ulimits', name), `${soft}:${hard}`]),
  hostname: ({ hostname }) => unlessEmpty('hostname', hostname),
  domainname: ({ domainname }) => unlessEmpty('domainname', domainname),
  user: ({ user }) => unlessEmpty('user', user),
  workingDir: ({ workingDir }) => unlessEmpty('working_dir', workingDir),
  tty: ({ tty }) => whenTrue('tty', tty),
  stdinOpen: ({ stdinOpen }) => whenTrue('stdin_open', stdinOpen),
  init: ({ init }) => (init === undefined ? [] : [['init', String(init)]]),
  stopSignal: ({ stopSignal }) => unlessEmpty('stop_signal', stopSignal),
  stopTimeoutSeconds: ({ stopTimeoutSeconds }) =>
    stopTimeoutSeconds === undefined ? [] : [['stop_grace_period', `${stopTimeoutSeconds}s`]],
  readOnly: ({ readOnly }) => whenTrue('read_only', readOnly),
  privileged: ({ privileged }) => whenTrue('privileged', privileged),
  capAdd: ({ capAdd }) => list('cap_add', capAdd),
  capDrop: ({ capDrop }) => list('cap_drop', capDrop),
  securityOptions: ({ securityOptions }) => list('security_opt', securityOptions),
  extraHosts: ({ extraHosts }) => list('extra_hosts', extraHosts),
  dns: ({ dns }) => list('dns', dns),
  dnsOptions: ({ dnsOptions }) => list('dns_opt', dnsOptions),
  dnsSearch: ({ dnsSearch }) => list('dns_search', dnsSearch),
  devices: ({ devices }) =>
    list(
      'devices',
      devices.map(({ source, target, permissions }) => `${source}:${target}:${permissions}`),
    ),
  logging: ({ logging }) =>
    logging === undefined
      ? []
      : [...unlessEmpty('logging.driver', logging.driver), ...labelFields('logging.options', logging.options)],
  networkMode: ({ networkMode }) => unlessEmpty('network_mode', networkMode),
  pidMode: ({ pidMode }) => unlessEmpty('pid', pidMode),
  ipcMode: ({ ipcMode }) => unlessEmpty('ipc', ipcMode),
  utsMode: ({ utsMode }) => unlessEmpty('uts', utsMode),
  usernsMode: ({ usernsMode }) => unlessEmpty('userns_mode', usernsMode),
  platform: ({ platform }) => unlessEmpty('platform', platform),
  postStart: ({ postStart }) => postStart.flatMap((hook, index) => hookFields(`post_start[${index}]`, hook)),
  preStop: ({ preStop }) => preStop.flatMap((hook, index) => hookFields(`pre_stop[${index}]`, hook)),
  sysctls: ({ sysctls }) => labelFields('sysctls', sysctls),
  groupAdd: ({ groupAdd }) => list('group_add', groupAdd),
  annotations: ({ annotations }) => labelFields('annotations', annotations),
  blockIo: ({ blockIo }) => (blockIo === undefined ? [] : blockIoFields(blockIo)),
  cgroupMode: ({ cgroupMode }) => unlessEmpty('cgroup', cgroupMode),
  cgroupParent: ({ cgroupParent }) => unlessEmpty('cgroup_parent', cgroupParent),
  cpuPeriod: ({ cpuPeriod }) => number('cpu_period', cpuPeriod),
  cpuQuota: ({ cpuQuota }) => number('cpu_quota', cpuQuota),
  cpuRealtimePeriod: ({ cpuRealtimePeriod }) => number('cpu_rt_period', cpuRealtimePeriod),
  cpuRealtimeRuntime: ({ cpuRealtimeRuntime }) => number('cpu_rt_runtime', cpuRealtimeRuntime),
  cpuCount: ({ cpuCount }) => number('cpu_count', cpuCount),
  deviceCgroupRules: ({ deviceCgroupRules }) => list('device_cgroup_rules', deviceCgroupRules),
  deviceRequests: ({ deviceRequests }) => list('gpus', deviceRequests.map(deviceRequestText)),
  memorySwappiness: ({ memorySwappiness }) => number('mem_swappiness', BigInt(memorySwappiness)),
  oomKillDisable: ({ oomKillDisable }) => whenTrue('oom_kill_disable', oomKillDisable),
  oomScoreAdjustment: ({ oomScoreAdjustment }) => number('oom_score_adj', BigInt(oomScoreAdjustment)),
  runtime: ({ runtime }) => unlessEmpty('runtime', runtime),
  storageOptions: ({ storageOptions }) => labelFields('storage_opt', storageOptions),
  links: ({ links }) => [
    ...list('links', links.filter(({ target }) => target?.$case === 'service').map(linkText)),
    ...list('external_links', links.filter(({ target }) => target?.$case === 'container').map(linkText)),
  ],
  volumesFrom: ({ volumesFrom }) => list('volumes_from', volumesFrom),
};

/** What a container is created from, by Compose's paths below its service. */
export function containerFields(spec: ContainerSpec): readonly Field[] {
  return Object.values(READERS).flatMap((read) => read(spec));
}

function list(path: string, texts: readonly string[]): readonly Field[] {
  return texts.length === 0 ? [] : [[path, texts.join(', ')]];
}

function number(path: string, value: bigint): readonly Field[] {
  return value === 0n ? [] : [[path, String(value)]];
}

function blockIoFields({ weight, ...lists }: BlockIo): readonly Field[] {
  const devices = (key: string, rates: BlockIo['readBytes']) =>
    list(
      `blkio_config.${key}`,
      rates.map(({ path, rate }) => `${path}:${rate}`),
    );
  return [
    ...number('blkio_config.weight', BigInt(weight)),
    ...devices('weight_device', lists.weightDevices),
    ...devices('device_read_bps', lists.readBytes),
    ...devices('device_write_bps', lists.writeBytes),
    ...devices('device_read_iops', lists.readOperations),
    ...devices('device_write_iops', lists.writeOperations),
  ];
}

function deviceRequestText({ driver, count, deviceIds, capabilities, options }: DeviceRequest): string {
  const many = count === -1 ? 'all' : `${count}`;
  return [
    driver,
    deviceIds.length > 0 ? deviceIds.join('+') : many,
    `[${capabilities.join(' ')}]`,
    ...options.map(({ name, value }) => `${name}=${value}`),
  ]
    .filter((word) => word !== '')
    .join(' ');
}

function linkText({ target, alias }: Link): string {
  return `${target?.value ?? ''}:${alias}`;
}

function publishedText({ hostAddress, hostPort, containerPort, protocol }: Port): string {
  const host = [hostAddress, hostPort].filter((part) => part !== '').join(':');
  return `${host === '' ? '' : `${host}:`}${containerPort}/${protocol}`;
}

function exposedText({ containerPort, protocol }: Port): string {
  return `${containerPort}/${protocol}`;
}

function restartText({ name, maximumRetries }: RestartPolicy): string {
  return maximumRetries === 0 ? name : `${name}:${maximumRetries}`;
}

function healthcheckFields(healthcheck: Healthcheck): readonly Field[] {
  const { test, retries, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos } = healthcheck;
  return [
    ...(test.length === 0 ? [] : [['healthcheck.test', JSON.stringify(test)] as const]),
    ...duration('healthcheck.interval', intervalNanos),
    ...duration('healthcheck.timeout', timeoutNanos),
    ...duration('healthcheck.start_period', startPeriodNanos),
    ...duration('healthcheck.start_interval', startIntervalNanos),
    ...(retries === 0 ? [] : [['healthcheck.retries', String(retries)] as const]),
  ];
}

function duration(path: string, nanos: bigint): readonly Field[] {
  return nanos === 0n ? [] : [[path, `${Number(nanos) / NANOS}s`]];
}

// The first network is the primary one, so their order is a field too.
function networkFields(networks: readonly NetworkAttachment[]): readonly Field[] {
  return [
    ...list(
      'networks',
      networks.map(({ network }) => network),
    ),
    ...networks.flatMap(({ network, aliases, ipv4Address, ipv6Address, linkLocalIps, ...rare }) => [
      ...list(`${keyPath('networks', network)}.aliases`, aliases),
      ...unlessEmpty(`${keyPath('networks', network)}.ipv4_address`, ipv4Address),
      ...unlessEmpty(`${keyPath('networks', network)}.ipv6_address`, ipv6Address),
      ...list(`${keyPath('networks', network)}.link_local_ips`, linkLocalIps),
      ...labelFields(`${keyPath('networks', network)}.driver_opts`, rare.driverOptions),
      ...number(`${keyPath('networks', network)}.gw_priority`, BigInt(rare.gatewayPriority)),
      ...unlessEmpty(`${keyPath('networks', network)}.interface_name`, rare.interfaceName),
      ...unlessEmpty(`${keyPath('networks', network)}.mac_address`, rare.macAddress),
    ]),
  ];
}

function hookFields(path: string, { command, user, privileged, workingDir, environment }: Hook): readonly Field[] {
  return [
    [`${path}.command`, JSON.stringify(command)],
    ...unlessEmpty(`${path}.user`, user),
    ...whenTrue(`${path}.privileged`, privileged),
    ...unlessEmpty(`${path}.working_dir`, workingDir),
    ...environment.map(({ name, value }): Field => [keyPath(`${path}.environment`, name), quoted(value ?? '')]),
  ];
}

function mountFields(mount: Mount): readonly Field[] {
  const { source, target } = mount;
  const whole: Field = [keyPath('volumes', target), mountText(mount)];
  if (source?.$case !== 'tree') return [whole];
  const files = source.value.entries.map(
    ({ path, digest, executable }): Field => [keyPath('volumes', `${target}/${path}`), contentText(digest, executable)],
  );
  return [whole, ...files];
}

function mountText(mount: Mount): string {
  const { readOnly, propagation, selinux, noCopy, mustExist, subpath, volumeLabels, recursive } = mount;
  return [
    sourceText(mount),
    readOnly ? 'read-only' : '',
    propagation,
    selinux,
    noCopy ? 'nocopy' : '',
    mustExist ? 'must exist' : '',
    subpath === '' ? '' : `folder ${subpath}`,
    ...volumeLabels.map(({ name, value }) => `label ${name}=${value}`),
    recursive === '' ? '' : `mounts below: ${recursive}`,
  ]
    .filter((word) => word !== '')
    .join(', ');
}

function sourceText({ source }: Mount): string {
  switch (source?.$case) {
    case undefined:
      return '';
    case 'volume':
      return `volume ${source.value}`;
    case 'anonymous':
      return 'anonymous volume';
    case 'hostPath':
      return `bind ${source.value}`;
    case 'dataPath':
      return `data ${source.value}`;
    case 'file':
      return contentText(source.value.digest, source.value.executable);
    case 'tree':
      return 'folder from Git';
    case 'image':
      return `image ${source.value.reference}`;
    case 'tmpfs': {
      const { sizeBytes, mode, options } = source.value;
      return ['tmpfs', `size=${sizeBytes}`, `mode=${mode.toString(8)}`, options ?? ''].filter(Boolean).join(' ');
    }
  }
}

function contentText(digest: string, executable: boolean): string {
  return executable ? `${digest} executable` : digest;
}
