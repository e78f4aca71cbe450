import {
  type Bundle,
  ContainerSpec,
  FEATURES,
  Mount,
  Network,
  NetworkAttachment,
  type Service,
  Volume,
} from '@mooring/proto';

type Parts = Pick<Bundle, 'services' | 'networks' | 'volumes' | 'after'>;

const UNSET = ContainerSpec.decode(new Uint8Array());
const UNSET_MOUNT = Mount.decode(new Uint8Array());
const UNSET_ATTACHMENT = NetworkAttachment.decode(new Uint8Array());
const UNSET_NETWORK = Network.decode(new Uint8Array());
const UNSET_VOLUME = Volume.decode(new Uint8Array());

/**
 * Features that an agent must know to run a bundle of these parts, sorted. A bundle that says nothing beyond the first release requires nothing
 * beyond it, so that agents of that release go on running it.
 */
export function requiredFeatures({ services, networks, volumes, after }: Parts): string[] {
  const isCore =
    services.every(({ container }) => container === undefined || isCoreContainer(container)) &&
    networks.every(isCoreNetwork) &&
    volumes.every(isCoreVolume);
  const isRare =
    services.some(({ container }) => container !== undefined && isRareContainer(container)) ||
    networks.some(({ enableIpv4 }) => enableIpv4 !== undefined);
  const features = [
    ...(isCore ? [] : [FEATURES.attributes]),
    ...(isRare ? [FEATURES.rareAttributes] : []),
    FEATURES.core,
    ...(after.length > 0 ? [FEATURES.after] : []),
    ...(services.some(hasHooks) ? [FEATURES.hooks] : []),
    ...(services.some(({ update }) => update !== undefined) ? [FEATURES.updates] : []),
  ];
  return features.sort();
}

function hasHooks({ container }: Service): boolean {
  return (container?.postStart.length ?? 0) + (container?.preStop.length ?? 0) > 0;
}

const {
  annotations,
  blockIo,
  cgroupMode,
  cgroupParent,
  cpuPeriod,
  cpuQuota,
  cpuRealtimePeriod,
  cpuRealtimeRuntime,
  cpuCount,
  deviceCgroupRules,
  deviceRequests,
  memorySwappiness,
  oomKillDisable,
  oomScoreAdjustment,
  runtime,
  storageOptions,
  links,
  volumesFrom,
} = UNSET;
/** What bundle.proto marks as rare, unset. */
const NOT_RARE = {
  ...{ annotations, blockIo, cgroupMode, cgroupParent, cpuPeriod, cpuQuota, cpuRealtimePeriod, cpuRealtimeRuntime },
  ...{ cpuCount, deviceCgroupRules, deviceRequests, memorySwappiness, oomKillDisable, oomScoreAdjustment, runtime },
  ...{ storageOptions, links, volumesFrom },
};
const { subpath, volumeLabels, recursive } = UNSET_MOUNT;
const NOT_RARE_MOUNT = { subpath, volumeLabels, recursive };
const { driverOptions, gatewayPriority, interfaceName, macAddress } = UNSET_ATTACHMENT;
const NOT_RARE_ATTACHMENT = { driverOptions, gatewayPriority, interfaceName, macAddress };

/** True where something is lost when the rare fields are dropped. */
function isRareContainer(spec: ContainerSpec): boolean {
  const usual: ContainerSpec = {
    ...spec,
    ...NOT_RARE,
    mounts: spec.mounts.map((mount) => ({
      ...mount,
      ...NOT_RARE_MOUNT,
      source: mount.source?.$case === 'image' ? undefined : mount.source,
    })),
    networks: spec.networks.map((attachment) => ({ ...attachment, ...NOT_RARE_ATTACHMENT })),
  };
  return !areEqual(ContainerSpec.encode(usual).finish(), ContainerSpec.encode(spec).finish());
}

/** True where nothing is lost when only the fields of the first release are kept. Written so that every field added later counts. */
function isCoreContainer(spec: ContainerSpec): boolean {
  const {
    image,
    command,
    entrypoint,
    environment,
    labels,
    ports,
    mounts,
    networks,
    healthcheck,
    restart,
    memoryBytes,
  } = spec;
  const core: ContainerSpec = {
    ...UNSET,
    ...{ image, command, entrypoint, environment, labels, ports, healthcheck, restart, memoryBytes },
    mounts: mounts.map(coreMount),
    networks: networks.map(({ network, aliases }) => ({ ...UNSET_ATTACHMENT, network, aliases })),
  };
  return areEqual(ContainerSpec.encode(core).finish(), ContainerSpec.encode(spec).finish());
}

function coreMount({ target, readOnly, source }: Mount): Mount {
  if (source?.$case !== 'tmpfs') return { ...UNSET_MOUNT, target, readOnly, source };
  const { sizeBytes, mode } = source.value;
  return { ...UNSET_MOUNT, target, readOnly, source: { $case: 'tmpfs', value: { sizeBytes, mode } } };
}

function isCoreNetwork(network: Network): boolean {
  const { key, name, external, driver, internal, labels, specDigest } = network;
  const core: Network = { ...UNSET_NETWORK, key, name, external, driver, internal, labels, specDigest };
  return areEqual(Network.encode(core).finish(), Network.encode(network).finish());
}

function isCoreVolume(volume: Volume): boolean {
  const { key, name, external, driver, labels, specDigest } = volume;
  const core: Volume = { ...UNSET_VOLUME, key, name, external, driver, labels, specDigest };
  return areEqual(Volume.encode(core).finish(), Volume.encode(volume).finish());
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
