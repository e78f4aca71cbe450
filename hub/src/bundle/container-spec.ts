import {
  type BlockIo,
  type ContainerSpec,
  type Dependency,
  DependencyCondition,
  type DeviceRequest,
  type EnvironmentVariable,
  type Healthcheck,
  type Hook,
  type Label,
  type Link,
  type Logging,
  type Mount,
  type TmpfsMount,
  type TreeMount,
  treeDigest,
} from '@mooring/proto';
import type { DeviceRate, Limits } from '../compose/limits-model.ts';
import type * as model from '../compose/model.ts';

/** Everything that a service's containers are created from. The model is sorted already; the order of networks carries meaning. */
export function containerSpec(service: model.Service): ContainerSpec {
  return {
    image: service.image,
    command: service.command === undefined ? undefined : { values: [...service.command] },
    entrypoint: service.entrypoint === undefined ? undefined : { values: [...service.entrypoint] },
    environment: service.environment.map(variable),
    labels: copied(service.labels),
    ports: service.ports.map((port) => ({ ...port })),
    mounts: service.mounts.map(mount),
    networks: service.networks.map(({ aliases, linkLocalIps, driverOptions, ...attachment }) => ({
      ...attachment,
      aliases: [...aliases],
      linkLocalIps: [...linkLocalIps],
      driverOptions: copied(driverOptions),
    })),
    healthcheck: service.healthcheck === undefined ? undefined : healthcheck(service.healthcheck),
    restart: service.restart === undefined ? undefined : { ...service.restart },
    ...limits(service.limits),
    ...service.process,
    ...security(service.security),
    ...service.namespaces,
    ...nameResolution(service.nameResolution),
    devices: service.devices.map((device) => ({ ...device })),
    logging: service.logging === undefined ? undefined : logging(service.logging),
    platform: service.platform,
    postStart: service.hooks.postStart.map(hook),
    preStop: service.hooks.preStop.map(hook),
    annotations: copied(service.annotations),
    deviceCgroupRules: [...service.deviceCgroupRules],
    deviceRequests: service.deviceRequests.map(deviceRequest),
    runtime: service.runtime,
    storageOptions: copied(service.storageOptions),
    links: service.links.map(link),
    volumesFrom: [...service.volumesFrom],
  };
}

function deviceRequest({ deviceIds, capabilities, options, ...rest }: model.DeviceRequest): DeviceRequest {
  return { ...rest, deviceIds: [...deviceIds], capabilities: [...capabilities], options: copied(options) };
}

function link({ kind, name, alias }: model.Link): Link {
  return { target: { $case: kind, value: name }, alias };
}

function limits(source: Limits) {
  return {
    memoryBytes: BigInt(source.memoryBytes),
    memorySwapBytes: BigInt(source.memorySwapBytes),
    memoryReservationBytes: BigInt(source.memoryReservationBytes),
    nanoCpus: BigInt(source.nanoCpus),
    cpuShares: BigInt(source.cpuShares),
    cpuset: source.cpuset,
    pidsLimit: BigInt(source.pidsLimit),
    shmSizeBytes: BigInt(source.shmSizeBytes),
    ulimits: source.ulimits.map(({ name, soft, hard }) => ({ name, soft: BigInt(soft), hard: BigInt(hard) })),
    cpuPeriod: BigInt(source.cpuPeriod),
    cpuQuota: BigInt(source.cpuQuota),
    cpuRealtimePeriod: BigInt(source.cpuRealtimePeriod),
    cpuRealtimeRuntime: BigInt(source.cpuRealtimeRuntime),
    cpuCount: BigInt(source.cpuCount),
    cgroupParent: source.cgroupParent,
    memorySwappiness: source.memorySwappiness,
    oomKillDisable: source.oomKillDisable,
    oomScoreAdjustment: source.oomScoreAdjustment,
    blockIo: source.blockIo === undefined ? undefined : blockIo(source.blockIo),
  };
}

function blockIo({ weight, ...lists }: NonNullable<Limits['blockIo']>): BlockIo {
  return {
    weight,
    weightDevices: rates(lists.weightDevices),
    readBytes: rates(lists.readBytes),
    writeBytes: rates(lists.writeBytes),
    readOperations: rates(lists.readOperations),
    writeOperations: rates(lists.writeOperations),
  };
}

function rates(devices: readonly DeviceRate[]) {
  return devices.map(({ path, rate }) => ({ path, rate: BigInt(rate) }));
}

function security({ capAdd, capDrop, securityOptions, sysctls, groupAdd, ...flags }: model.Security) {
  return {
    ...flags,
    capAdd: [...capAdd],
    capDrop: [...capDrop],
    securityOptions: [...securityOptions],
    sysctls: copied(sysctls),
    groupAdd: [...groupAdd],
  };
}

function nameResolution({ extraHosts, dns, dnsOptions, dnsSearch }: model.NameResolution) {
  return { extraHosts: [...extraHosts], dns: [...dns], dnsOptions: [...dnsOptions], dnsSearch: [...dnsSearch] };
}

function hook({ command, environment, ...rest }: model.Hook): Hook {
  return { ...rest, command: [...command], environment: environment.map(variable) };
}

function logging({ driver, options }: model.Logging): Logging {
  return { driver, options: copied(options) };
}

function copied(labels: readonly model.Label[]): Label[] {
  return labels.map(({ name, value }) => ({ name, value }));
}

const CONDITIONS: Readonly<Record<model.Dependency['condition'], DependencyCondition>> = {
  service_started: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED,
  service_healthy: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY,
  service_completed_successfully: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY,
};

/** A service that must come first. */
export function dependency({ service, condition, restart, required }: model.Dependency): Dependency {
  return { service, condition: CONDITIONS[condition], restart, required };
}

/** The contents that a mount carries. */
export function contentsOf({ source }: model.Mount): readonly model.Content[] {
  if (source.kind === 'file') return [source.content];
  return source.kind === 'tree' ? source.entries.map((entry) => entry.content) : [];
}

function variable({ name, value }: { name: string; value: string | undefined }): EnvironmentVariable {
  return value === undefined ? { name } : { name, value };
}

function healthcheck({ test, ...times }: model.Healthcheck): Healthcheck {
  return { test: [...test], ...times };
}

function mount({ source, volumeLabels, ...rest }: model.Mount): Mount {
  return { ...rest, volumeLabels: copied(volumeLabels), source: mountSource(source) };
}

function mountSource(source: model.MountSource): NonNullable<Mount['source']> {
  switch (source.kind) {
    case 'volume':
      return { $case: 'volume', value: source.volume };
    case 'anonymous':
      return { $case: 'anonymous', value: {} };
    case 'host':
      return { $case: 'hostPath', value: source.path };
    case 'data':
      return { $case: 'dataPath', value: source.path };
    case 'file':
      return { $case: 'file', value: { digest: source.content.digest, executable: source.content.executable } };
    case 'tree':
      return { $case: 'tree', value: tree(source.entries) };
    case 'tmpfs':
      return { $case: 'tmpfs', value: tmpfs(source) };
    case 'image':
      return { $case: 'image', value: { reference: source.reference } };
  }
}

function tmpfs({ sizeBytes, mode, options }: Extract<model.MountSource, { kind: 'tmpfs' }>): TmpfsMount {
  const size = { sizeBytes: BigInt(sizeBytes), mode };
  return options === undefined ? size : { ...size, options };
}

function tree(entries: readonly model.TreeEntry[]): TreeMount {
  const built: TreeMount = {
    digest: '',
    entries: entries.map(({ path, content }) => ({ path, digest: content.digest, executable: content.executable })),
  };
  return { ...built, digest: treeDigest(built) };
}
