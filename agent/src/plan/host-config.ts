import type { BlockIo, ContainerSpec, DeviceRate, DeviceRequest } from '@mooring/proto';
import { volumesOwner } from '../canonical/desired-fields.ts';
import { pairs } from '../canonical/pairs.ts';
import { capability, OPEN_PATHS } from '../canonical/spellings.ts';
import { type CreateInput, namespace } from './create-input.ts';
import { mountsOf } from './create-mounts.ts';

type Body = Readonly<Record<string, unknown>>;

/** HostConfig of ContainerCreate (Engine API 1.41 and later), apart from NetworkMode. What is not set is left out: the engine's own default holds. */
export function hostConfig(input: CreateInput, spec: ContainerSpec): Body {
  return {
    PortBindings: portBindings(spec),
    ...mountsOf(input, spec),
    RestartPolicy: { Name: spec.restart?.name ?? 'no', MaximumRetryCount: spec.restart?.maximumRetries ?? 0 },
    ...limits(spec),
    ...rareLimits(spec),
    ...shared(input, spec),
    ...namespaces(input, spec),
    ...security(spec),
    ...names(spec),
    ...ifAny('Devices', spec.devices.map(deviceOf)),
    ...(spec.logging === undefined
      ? {}
      : { LogConfig: { Type: spec.logging.driver, Config: pairs(spec.logging.options) } }),
  };
}

function limits(spec: ContainerSpec): Body {
  const numbers = {
    Memory: spec.memoryBytes,
    MemorySwap: spec.memorySwapBytes,
    MemoryReservation: spec.memoryReservationBytes,
    NanoCpus: spec.nanoCpus,
    CpuShares: spec.cpuShares,
    PidsLimit: spec.pidsLimit,
    ShmSize: spec.shmSizeBytes,
  };
  const set = Object.entries(numbers).flatMap(([name, value]) => (value === 0n ? [] : [[name, Number(value)]]));
  return {
    ...Object.fromEntries(set),
    ...(spec.cpuset === '' ? {} : { CpusetCpus: spec.cpuset }),
    ...ifAny(
      'Ulimits',
      spec.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: Number(soft), Hard: Number(hard) })),
    ),
  };
}

function rareLimits(spec: ContainerSpec): Body {
  const numbers = {
    CpuPeriod: spec.cpuPeriod,
    CpuQuota: spec.cpuQuota,
    CpuRealtimePeriod: spec.cpuRealtimePeriod,
    CpuRealtimeRuntime: spec.cpuRealtimeRuntime,
    CpuCount: spec.cpuCount,
    MemorySwappiness: spec.memorySwappiness,
    OomScoreAdj: spec.oomScoreAdjustment,
    BlkioWeight: spec.blockIo?.weight ?? 0,
  };
  const set = Object.entries(numbers).flatMap(([name, value]) => (Number(value) === 0 ? [] : [[name, Number(value)]]));
  return {
    ...Object.fromEntries(set),
    ...(spec.oomKillDisable ? { OomKillDisable: true } : {}),
    ...(spec.cgroupParent === '' ? {} : { CgroupParent: spec.cgroupParent }),
    ...ifAny('DeviceCgroupRules', spec.deviceCgroupRules),
    ...ifAny('DeviceRequests', spec.deviceRequests.map(deviceRequestOf)),
    ...(spec.blockIo === undefined ? {} : blockIoOf(spec.blockIo)),
  };
}

function deviceRequestOf({ driver, count, deviceIds, capabilities, options }: DeviceRequest): Body {
  return {
    Driver: driver,
    Count: count,
    ...ifAny('DeviceIDs', deviceIds),
    ...ifAny('Capabilities', capabilities.length === 0 ? [] : [capabilities]),
    ...(options.length === 0 ? {} : { Options: pairs(options) }),
  };
}

function blockIoOf(source: BlockIo): Body {
  const rates = (name: string, devices: readonly DeviceRate[]) =>
    ifAny(
      name,
      devices.map(({ path, rate }) => ({ Path: path, Rate: Number(rate) })),
    );
  return {
    ...ifAny(
      'BlkioWeightDevice',
      source.weightDevices.map(({ path, rate }) => ({ Path: path, Weight: Number(rate) })),
    ),
    ...rates('BlkioDeviceReadBps', source.readBytes),
    ...rates('BlkioDeviceWriteBps', source.writeBytes),
    ...rates('BlkioDeviceReadIOps', source.readOperations),
    ...rates('BlkioDeviceWriteIOps', source.writeOperations),
  };
}

/** What the runtime and other containers give. */
function shared(input: CreateInput, spec: ContainerSpec): Body {
  const owner = (from: string) => volumesOwner(from, (text) => namespace(input, text));
  return {
    ...(spec.annotations.length === 0 ? {} : { Annotations: pairs(spec.annotations) }),
    ...(spec.runtime === '' ? {} : { Runtime: spec.runtime }),
    ...(spec.storageOptions.length === 0 ? {} : { StorageOpt: pairs(spec.storageOptions) }),
    ...ifAny('VolumesFrom', spec.volumesFrom.map(owner)),
  };
}

function namespaces(input: CreateInput, spec: ContainerSpec): Body {
  const modes = {
    PidMode: namespace(input, spec.pidMode),
    IpcMode: namespace(input, spec.ipcMode),
    UTSMode: spec.utsMode,
    UsernsMode: spec.usernsMode,
    CgroupnsMode: spec.cgroupMode,
  };
  return Object.fromEntries(Object.entries(modes).filter(([, mode]) => mode !== ''));
}

function security(spec: ContainerSpec): Body {
  return {
    ...(spec.readOnly ? { ReadonlyRootfs: true } : {}),
    ...(spec.privileged ? { Privileged: true } : {}),
    ...(spec.init === undefined ? {} : { Init: spec.init }),
    ...ifAny('CapAdd', spec.capAdd.map(capability)),
    ...ifAny('CapDrop', spec.capDrop.map(capability)),
    ...ifAny('GroupAdd', spec.groupAdd),
    ...(spec.sysctls.length === 0 ? {} : { Sysctls: pairs(spec.sysctls) }),
    ...securityBody(spec.securityOptions),
  };
}

/** Options of SecurityOpt, and the lists of hidden paths that one of them stands for (docker/cli, parseSystemPaths). */
function securityBody(options: readonly string[]): Body {
  const rest = options.filter((option) => option !== OPEN_PATHS);
  const isOpen = rest.length < options.length;
  return {
    ...(rest.length === 0 ? {} : { SecurityOpt: rest }),
    ...(isOpen ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function names(spec: ContainerSpec): Body {
  return {
    ...ifAny('ExtraHosts', spec.extraHosts),
    ...ifAny('Dns', spec.dns),
    ...ifAny('DnsOptions', spec.dnsOptions),
    ...ifAny('DnsSearch', spec.dnsSearch),
  };
}

function ifAny(name: string, values: readonly unknown[]): Body {
  return values.length === 0 ? {} : { [name]: values };
}

function deviceOf({ source, target, permissions }: ContainerSpec['devices'][number]): Body {
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions };
}

function portBindings(spec: ContainerSpec): Body {
  const published = Map.groupBy(
    spec.ports.filter((port) => port.published),
    (port) => `${port.containerPort}/${port.protocol}`,
  );
  return Object.fromEntries(
    [...published].map(([key, ports]) => [
      key,
      ports.map(({ hostAddress, hostPort }) => ({ HostIp: hostAddress, HostPort: hostPort })),
    ]),
  );
}
