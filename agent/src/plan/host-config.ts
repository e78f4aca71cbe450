import type { ContainerSpec, Mount } from '@mooring/proto';
import { pairs } from '../canonical/pairs.ts';
import { capability, OPEN_PATHS } from '../canonical/spellings.ts';
import { type CreateInput, namespace } from './create-input.ts';

type Body = Readonly<Record<string, unknown>>;

/** HostConfig of ContainerCreate (Engine API 1.41 and later), apart from NetworkMode. What is not set is left out: the engine's own default holds. */
export function hostConfig(input: CreateInput, spec: ContainerSpec): Body {
  return {
    PortBindings: portBindings(spec),
    Binds: spec.mounts.flatMap((mount) => bindOf(input, mount)),
    Mounts: [...spec.mounts.flatMap((mount) => mountOf(input, mount)), ...imageVolumes(input, spec)],
    ...tmpfsOf(spec),
    RestartPolicy: { Name: spec.restart?.name ?? 'no', MaximumRetryCount: spec.restart?.maximumRetries ?? 0 },
    ...limits(spec),
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

function namespaces(input: CreateInput, spec: ContainerSpec): Body {
  const modes = {
    PidMode: namespace(input, spec.pidMode),
    IpcMode: namespace(input, spec.ipcMode),
    UTSMode: spec.utsMode,
    UsernsMode: spec.usernsMode,
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

/** HostConfig.Binds, the form in which docker compose 2.40 makes binds and named volumes that say nothing more. */
function bindOf(input: CreateInput, mount: Mount): string[] {
  const { desired, paths } = input;
  const { target, source } = mount;
  if (saysMore(input, mount)) return [];
  switch (source?.$case) {
    case 'volume': {
      const name = desired.bundle.volumes.find(({ key }) => key === source.value)?.name ?? source.value;
      return [`${name}:${target}:${options(mount, mount.readOnly)}`];
    }
    case 'hostPath':
      return [`${source.value}:${target}:${options(mount, mount.readOnly)}`];
    case 'dataPath':
      return [`${paths.data(desired.stack, source.value)}:${target}:${options(mount, mount.readOnly)}`];
    case 'file':
      return [`${paths.content(source.value.digest, source.value.executable)}:${target}:${options(mount, true)}`];
    case 'tree':
      return [`${paths.tree(source.value.digest)}:${target}:${options(mount, true)}`];
    default:
      return [];
  }
}

/** Whether a bind or named volume goes into HostConfig.Mounts: its source must exist, or docker compose would say it there. */
function saysMore({ manyNetworks }: CreateInput, { source, mustExist, propagation, selinux, noCopy }: Mount): boolean {
  if (source?.$case === 'volume') return noCopy && selinux === '' && propagation === '';
  if (source?.$case !== 'hostPath') return false;
  // The engines that join many networks at once are those that are sure to make a missing source of such a mount.
  return mustExist || (manyNetworks && propagation !== '' && selinux === '');
}

function options({ noCopy, propagation, selinux }: Mount, readOnly: boolean): string {
  return [readOnly ? 'ro' : 'rw', selinux, propagation, noCopy ? 'nocopy' : '']
    .filter((option) => option !== '')
    .join(',');
}

function mountOf(input: CreateInput, mount: Mount): Body[] {
  const { carriedOver, desired } = input;
  const { target, readOnly, source, propagation, mustExist } = mount;
  switch (source?.$case) {
    case 'anonymous': {
      const before = carriedOver.get(target);
      return [
        { Type: 'volume', Target: target, ReadOnly: readOnly, ...(before === undefined ? {} : { Source: before }) },
      ];
    }
    case 'volume': {
      if (!saysMore(input, mount)) return [];
      const Source = desired.bundle.volumes.find(({ key }) => key === source.value)?.name ?? source.value;
      return [{ Type: 'volume', Source, Target: target, ReadOnly: readOnly, VolumeOptions: { NoCopy: true } }];
    }
    case 'hostPath': {
      if (!saysMore(input, mount)) return [];
      const said = {
        ...(propagation === '' ? {} : { Propagation: propagation }),
        ...(mustExist ? {} : { CreateMountpoint: true }),
      };
      const bind = Object.keys(said).length === 0 ? {} : { BindOptions: said };
      return [{ Type: 'bind', Source: source.value, Target: target, ReadOnly: readOnly, ...bind }];
    }
    case 'tmpfs': {
      if (source.value.options !== undefined) return [];
      const { sizeBytes, mode } = source.value;
      const set = {
        ...(sizeBytes === 0n ? {} : { SizeBytes: Number(sizeBytes) }),
        ...(mode === 0 ? {} : { Mode: mode }),
      };
      return [{ Type: 'tmpfs', Target: target, ReadOnly: readOnly, TmpfsOptions: set }];
    }
    default:
      return [];
  }
}

function tmpfsOf({ mounts }: ContainerSpec): Body {
  const entries = mounts.flatMap(({ target, source }) =>
    source?.$case === 'tmpfs' && source.value.options !== undefined ? [[target, source.value.options]] : [],
  );
  return entries.length === 0 ? {} : { Tmpfs: Object.fromEntries(entries) };
}

/** Volumes that the image itself asks for are carried over too. */
function imageVolumes({ carriedOver }: CreateInput, { mounts }: ContainerSpec): Body[] {
  const targets = new Set(mounts.map(({ target }) => target));
  const others = [...carriedOver].filter(([target]) => !targets.has(target));
  return others.map(([Target, Source]) => ({ Type: 'volume', Target, Source }));
}
