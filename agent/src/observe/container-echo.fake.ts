import { recordOf, recordsOf, textOf, textsOf } from '../canonical/outside-data.ts';
import type { CreateBody } from './engine.ts';
import type { InspectedConfig, InspectedHealthcheck, InspectedMount } from './inspected.ts';

type Json = Readonly<Record<string, unknown>>;

/** Where and what a container is made. */
export interface EchoContext {
  readonly id: string;
  readonly image: InspectedConfig;
  /** The container that a name or an id means. */
  container(reference: string): { readonly id: string; readonly mounts: readonly InspectedMount[] };
  /** An id that was not there before. */
  newId(): string;
}

/** Config as ContainerInspect tells it: what the body sets, over what the image sets (moby, daemon/commit.go: merge). */
export function echoedConfig(body: CreateBody, { id, image }: EchoContext): Json {
  const env = textsOf(body['Env']);
  const set = new Set(env.map(nameOf));
  return {
    Hostname: textOf(body['Hostname']) || id.slice(0, 12),
    Domainname: textOf(body['Domainname']),
    User: textOf(body['User']) || (image.User ?? ''),
    Tty: body['Tty'] === true,
    OpenStdin: body['OpenStdin'] === true,
    Env: [...env, ...(image.Env ?? []).filter((entry) => !set.has(nameOf(entry)))],
    ...echoedCommand(body, image),
    Image: textOf(body['Image']),
    Volumes: orNull({ ...image.Volumes, ...recordOf(body['Volumes']) }),
    // The engine cleans the path (moby, container.Config).
    WorkingDir: (textOf(body['WorkingDir']) || (image.WorkingDir ?? '')).replace(/(.)\/+$/, '$1'),
    Labels: { ...image.Labels, ...recordOf(body['Labels']) },
    ...ifText('StopSignal', textOf(body['StopSignal']) || (image.StopSignal ?? '')),
    ...(typeof body['StopTimeout'] === 'number' ? { StopTimeout: body['StopTimeout'] } : {}),
    ...echoedHealthcheck(body, image),
  };
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}

function echoedCommand(body: CreateBody, image: InspectedConfig): Json {
  const entrypoint = Array.isArray(body['Entrypoint']) ? textsOf(body['Entrypoint']) : undefined;
  const command = textsOf(body['Cmd']);
  const inherits = (entrypoint ?? []).length === 0 && command.length === 0;
  const isEmptied = entrypoint?.length === 1 && entrypoint[0] === '';
  return {
    Cmd: inherits ? (image.Cmd ?? null) : orNull(command),
    Entrypoint: isEmptied ? null : (entrypoint ?? image.Entrypoint ?? null),
  };
}

function echoedHealthcheck(body: CreateBody, image: InspectedConfig): Json {
  const own: InspectedHealthcheck = recordOf(body['Healthcheck']);
  const given: InspectedHealthcheck = image.Healthcheck ?? {};
  if (body['Healthcheck'] === undefined && !image.Healthcheck) return {};
  const check = {
    Test: (own.Test ?? []).length > 0 ? own.Test : given.Test,
    Interval: own.Interval || given.Interval,
    Timeout: own.Timeout || given.Timeout,
    StartPeriod: own.StartPeriod || given.StartPeriod,
    StartInterval: own.StartInterval || given.StartInterval,
    Retries: own.Retries || given.Retries,
  };
  return { Healthcheck: Object.fromEntries(Object.entries(check).filter(([, value]) => value)) };
}

/** What an engine 28 on cgroup v2 says where nothing is asked. */
const HOST_DEFAULTS: Json = {
  Binds: null,
  Memory: 0,
  MemorySwap: 0,
  MemoryReservation: 0,
  NanoCpus: 0,
  CpuShares: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpusetCpus: '',
  CpusetMems: '',
  PidsLimit: null,
  ShmSize: 67_108_864,
  Ulimits: null,
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  LogConfig: { Type: 'json-file', Config: {} },
  PortBindings: {},
  NetworkMode: 'bridge',
  IpcMode: 'private',
  PidMode: '',
  UTSMode: '',
  UsernsMode: '',
  CgroupnsMode: 'private',
  Runtime: 'runc',
  Init: null,
  CapAdd: null,
  CapDrop: null,
  GroupAdd: null,
  SecurityOpt: null,
  ExtraHosts: null,
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  Devices: null,
  Sysctls: null,
  Privileged: false,
  ReadonlyRootfs: false,
  OomScoreAdj: 0,
  OomKillDisable: null,
  MemorySwappiness: null,
  Annotations: null,
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CgroupParent: '',
  CpuCount: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  Links: null,
  VolumesFrom: null,
  MaskedPaths: ['/proc/kcore', '/proc/keys'],
  ReadonlyPaths: ['/proc/bus', '/proc/sys'],
};

/** HostConfig as ContainerInspect tells it. */
export function echoedHostConfig(body: CreateBody, context: EchoContext): Record<string, unknown> {
  const asked = recordOf(body['HostConfig']);
  const host: Record<string, unknown> = { ...HOST_DEFAULTS, ...asked };
  for (const mode of ['NetworkMode', 'PidMode', 'IpcMode']) host[mode] = echoedMode(textOf(host[mode]), context);
  if (host['NetworkMode'] === '') host['NetworkMode'] = 'bridge';
  if (Number(host['Memory']) > 0 && Number(host['MemorySwap']) === 0) host['MemorySwap'] = 2 * Number(host['Memory']);
  if (Number(host['PidsLimit'] ?? 0) <= 0) host['PidsLimit'] = null;
  // Cgroup v2 has neither; the engine warns and drops them.
  Object.assign(host, { MemorySwappiness: null, OomKillDisable: null });
  const logging = recordOf(host['LogConfig']);
  host['LogConfig'] = { Type: textOf(logging['Type']) || 'json-file', Config: recordOf(logging['Config']) };
  const isPrivileged = host['Privileged'] === true;
  if (isPrivileged || host['PidMode'] === 'host' || host['IpcMode'] === 'host')
    host['SecurityOpt'] = [...textsOf(host['SecurityOpt']), 'label=disable'];
  if (isPrivileged) Object.assign(host, { MaskedPaths: null, ReadonlyPaths: null });
  return host;
}

function echoedMode(mode: string, { container }: EchoContext): string {
  return mode.startsWith('container:') ? `container:${container(mode.slice('container:'.length)).id}` : mode;
}

/** What is mounted, as the top-level Mounts of ContainerInspect tell it, whatever form it was asked for in. */
export function echoedMounts(body: CreateBody, { image, newId, container }: EchoContext): readonly InspectedMount[] {
  const host = recordOf(body['HostConfig']);
  const asked = [...textsOf(host['Binds']).map(mountOfBind), ...recordsOf(host['Mounts']).flatMap(mountOf)];
  const memory = Object.keys(recordOf(host['Tmpfs']));
  const own = new Set(asked.map(({ Destination }) => Destination));
  const inherited = textsOf(host['VolumesFrom']).flatMap((from) => container(from.split(':')[0] ?? '').mounts);
  const others = inherited.filter(({ Destination }) => !own.has(Destination));
  const taken = new Set([...own, ...others.map(({ Destination }) => Destination), ...memory]);
  const unnamed = Object.keys({ ...image.Volumes, ...recordOf(body['Volumes']) }).filter(
    (target) => !taken.has(target),
  );
  const made = [...asked, ...unnamed.map((target) => volume('', target, true))].map((mount) => named(mount, newId));
  return [...made, ...others];
}

function mountOfBind(text: string): InspectedMount {
  const [source = '', target = '', options = 'rw'] = text.split(':');
  const words = options.split(',');
  const isWritable = !words.includes('ro');
  if (!source.startsWith('/')) return volume(source, target, isWritable);
  return bind({ source, target, isWritable, propagation: words.find((word) => PROPAGATIONS.has(word)) ?? '' });
}

const PROPAGATIONS: ReadonlySet<string> = new Set(['shared', 'slave', 'private', 'rshared', 'rslave', 'rprivate']);

function mountOf(mount: Json): InspectedMount[] {
  const [target, source] = [textOf(mount['Target']), textOf(mount['Source'])];
  const isWritable = mount['ReadOnly'] !== true;
  if (mount['Type'] === 'volume') return [volume(source, target, isWritable)];
  if (mount['Type'] === 'image')
    return [
      { Type: 'image', Name: source, Source: '/merged', Destination: target, RW: false, Propagation: 'rprivate' },
    ];
  if (mount['Type'] !== 'bind') return [];
  return [bind({ source, target, isWritable, propagation: textOf(recordOf(mount['BindOptions'])['Propagation']) })];
}

function volume(name: string, target: string, isWritable: boolean): InspectedMount {
  const Source = `/var/lib/docker/volumes/${name}/_data`;
  return { Type: 'volume', Name: name, Source, Destination: target, RW: isWritable, Propagation: '' };
}

/** An engine names what nobody named. */
function named(mount: InspectedMount, newId: () => string): InspectedMount {
  const { Type, Name, Destination, RW } = mount;
  return Type === 'volume' && Name === '' ? volume(newId(), Destination, RW === true) : mount;
}

interface Bind {
  readonly source: string;
  readonly target: string;
  readonly isWritable: boolean;
  readonly propagation: string;
}

function bind({ source, target, isWritable, propagation }: Bind): InspectedMount {
  return {
    Type: 'bind',
    Source: source,
    Destination: target,
    RW: isWritable,
    Propagation: propagation || 'rprivate',
  };
}

function ifText(name: string, text: string): Json {
  return text === '' ? {} : { [name]: text };
}

function orNull<T extends object>(value: T): T | null {
  return Object.keys(value).length === 0 ? null : value;
}
