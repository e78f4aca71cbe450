import { COMPOSE_LABELS, ContainerSpec, DependencyCondition, LABELS, type Mount, type Service } from '@mooring/proto';
import type { CreateBody } from '../observe/engine.ts';
import type { DesiredStack, MountPaths } from './desired.ts';

/** What the body of a container depends on. */
export interface CreateInput {
  readonly desired: DesiredStack;
  readonly service: Service;
  readonly replica: number;
  readonly name: string;
  readonly fleetId: string;
  readonly paths: MountPaths;
  /** Volumes without a name that the container before had, by target. */
  readonly carriedOver: ReadonlyMap<string, string>;
  readonly manyNetworks: boolean;
}

/** A container's body for ContainerCreate (Engine API 1.41 and later), and the networks to connect afterwards. */
export function createBody(input: CreateInput): {
  readonly body: CreateBody;
  readonly connectLater: readonly NetworkToJoin[];
} {
  const spec = input.service.container ?? emptySpec();
  const networks = networksToJoin(input, spec);
  const [primary, ...others] = networks;
  const atOnce = input.manyNetworks ? networks : networks.slice(0, 1);
  const body = {
    Image: spec.image,
    ...(spec.command === undefined ? {} : { Cmd: spec.command.values }),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: spec.entrypoint.values }),
    Env: spec.environment.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
    Labels: labelsOf(input, spec),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port.containerPort}/${port.protocol}`, {}])),
    ...(spec.healthcheck === undefined ? {} : { Healthcheck: healthcheck(spec.healthcheck) }),
    HostConfig: {
      ...(primary === undefined ? {} : { NetworkMode: primary.network }),
      PortBindings: portBindings(spec),
      Binds: spec.mounts.flatMap((mount) => bindOf(input, mount)),
      Mounts: [...spec.mounts.flatMap((mount) => mountOf(input, mount)), ...imageVolumes(input, spec)],
      RestartPolicy: { Name: spec.restart?.name ?? 'no', MaximumRetryCount: spec.restart?.maximumRetries ?? 0 },
      ...(spec.memoryBytes === 0n ? {} : { Memory: Number(spec.memoryBytes) }),
    },
    NetworkingConfig: {
      EndpointsConfig: Object.fromEntries(atOnce.map(({ network, aliases }) => [network, { Aliases: aliases }])),
    },
  };
  return { body, connectLater: input.manyNetworks ? [] : others };
}

/** A network and the names of the container on it. */
export interface NetworkToJoin {
  /** Name on the engine. */
  readonly network: string;
  readonly aliases: readonly string[];
}

function networksToJoin({ desired, service, name }: CreateInput, spec: ContainerSpec): readonly NetworkToJoin[] {
  const names = new Map(desired.bundle.networks.map((network) => [network.key, network.name]));
  return spec.networks.map(({ network, aliases }) => ({
    network: names.get(network) ?? network,
    aliases: [...new Set([name, service.name, ...aliases])],
  }));
}

function labelsOf({ desired, service, replica, fleetId }: CreateInput, spec: ContainerSpec): Record<string, string> {
  return {
    ...Object.fromEntries(spec.labels.map(({ name, value }) => [name, value])),
    [LABELS.fleet]: fleetId,
    [LABELS.stack]: desired.stack,
    [LABELS.service]: service.name,
    [LABELS.replica]: String(replica),
    [LABELS.spec]: service.specDigest,
    [LABELS.bundle]: desired.bundleObject,
    [COMPOSE_LABELS.project]: desired.stack,
    [COMPOSE_LABELS.service]: service.name,
    [COMPOSE_LABELS.containerNumber]: String(replica),
    [COMPOSE_LABELS.oneoff]: 'False',
    // Without any hash, docker compose does not list the container.
    [COMPOSE_LABELS.configHash]: service.specDigest.replace(/^v\d+:/, ''),
    [COMPOSE_LABELS.dependsOn]: service.dependsOn
      .map((dependency) => `${dependency.service}:${conditionWord(dependency.condition)}:${dependency.restart}`)
      .join(','),
  };
}

function conditionWord(condition: DependencyCondition): string {
  switch (condition) {
    case DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY:
      return 'service_healthy';
    case DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY:
      return 'service_completed_successfully';
    default:
      return 'service_started';
  }
}

function healthcheck(check: NonNullable<ContainerSpec['healthcheck']>): Readonly<Record<string, unknown>> {
  return {
    ...(check.test.length === 0 ? {} : { Test: check.test }),
    Interval: Number(check.intervalNanos),
    Timeout: Number(check.timeoutNanos),
    StartPeriod: Number(check.startPeriodNanos),
    ...(check.startIntervalNanos === 0n ? {} : { StartInterval: Number(check.startIntervalNanos) }),
    Retries: check.retries,
  };
}

function portBindings(spec: ContainerSpec): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostAddress, hostPort, published } of spec.ports) {
    if (!published) continue;
    const key = `${containerPort}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: hostAddress, HostPort: hostPort }];
  }
  return bindings;
}

function bindOf({ desired, paths }: CreateInput, { target, readOnly, source }: Mount): string[] {
  const mode = readOnly ? 'ro' : 'rw';
  switch (source?.$case) {
    case 'volume':
      return [
        `${desired.bundle.volumes.find(({ key }) => key === source.value)?.name ?? source.value}:${target}:${mode}`,
      ];
    case 'hostPath':
      return [`${source.value}:${target}:${mode}`];
    case 'dataPath':
      return [`${paths.data(desired.stack, source.value)}:${target}:${mode}`];
    case 'file':
      return [`${paths.content(source.value.digest, source.value.executable)}:${target}:ro`];
    case 'tree':
      return [`${paths.tree(source.value.digest)}:${target}:ro`];
    default:
      return [];
  }
}

function mountOf(
  { carriedOver }: CreateInput,
  { target, readOnly, source }: Mount,
): Readonly<Record<string, unknown>>[] {
  if (source?.$case === 'anonymous') {
    const before = carriedOver.get(target);
    return [
      { Type: 'volume', Target: target, ReadOnly: readOnly, ...(before === undefined ? {} : { Source: before }) },
    ];
  }
  if (source?.$case !== 'tmpfs') return [];
  const { sizeBytes, mode } = source.value;
  const options = {
    ...(sizeBytes === 0n ? {} : { SizeBytes: Number(sizeBytes) }),
    ...(mode === 0 ? {} : { Mode: mode }),
  };
  return [{ Type: 'tmpfs', Target: target, ReadOnly: readOnly, TmpfsOptions: options }];
}

/** Volumes that the image itself asks for are carried over too. */
function imageVolumes({ carriedOver }: CreateInput, spec: ContainerSpec): Readonly<Record<string, unknown>>[] {
  const targets = new Set(spec.mounts.map(({ target }) => target));
  const others = [...carriedOver].filter(([target]) => !targets.has(target));
  return others.map(([Target, Source]) => ({ Type: 'volume', Target, Source }));
}

function emptySpec(): ContainerSpec {
  return ContainerSpec.decode(new Uint8Array());
}
