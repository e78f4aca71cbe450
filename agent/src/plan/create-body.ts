import { COMPOSE_LABELS, ContainerSpec, DependencyCondition, LABELS } from '@mooring/proto';
import type { CreateBody } from '../observe/engine.ts';
import { type CreateInput, namespace } from './create-input.ts';
import { endpointOf } from './endpoint.ts';
import { hostConfig } from './host-config.ts';
import { linksOf } from './links.ts';
import type { Joining } from './live-change.ts';

/** The docker compose whose labels these are. */
const COMPOSE_VERSION = '2.40.3';

/** A container's body for ContainerCreate (Engine API 1.41 and later), and the networks to connect afterwards. */
export function createBody(input: CreateInput): {
  readonly body: CreateBody;
  readonly connectLater: readonly Joining[];
} {
  const spec = input.service.container ?? ContainerSpec.decode(new Uint8Array());
  const networks = spec.networkMode === '' ? networksToJoin(input, spec) : [];
  const atOnce = input.manyNetworks ? networks : networks.slice(0, 1);
  const mode = spec.networkMode === '' ? networks[0]?.network : namespace(input, spec.networkMode);
  const body = {
    ...configOf(input, spec),
    // Engines before API 1.44 know the address of the primary network alone, and by this name.
    ...(input.manyNetworks ? {} : ifSet('MacAddress', spec.networks[0]?.macAddress ?? '')),
    HostConfig: { ...hostConfig(input, spec), ...(mode === undefined ? {} : { NetworkMode: mode }) },
    NetworkingConfig: {
      EndpointsConfig: Object.fromEntries(atOnce.map(({ network, endpoint }) => [network, endpoint])),
    },
  };
  return { body, connectLater: input.manyNetworks ? [] : networks.slice(1) };
}

function configOf(input: CreateInput, spec: ContainerSpec): Readonly<Record<string, unknown>> {
  return {
    Image: spec.image,
    ...(spec.command === undefined ? {} : { Cmd: spec.command.values }),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: spec.entrypoint.values }),
    Env: spec.environment.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
    Labels: labelsOf(input, spec),
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [`${port.containerPort}/${port.protocol}`, {}])),
    ...ifSet('Hostname', spec.hostname),
    ...ifSet('Domainname', spec.domainname),
    ...ifSet('User', spec.user),
    ...ifSet('WorkingDir', spec.workingDir),
    ...ifSet('StopSignal', spec.stopSignal),
    // As docker compose makes them, so that `docker attach` finds what it expects.
    AttachStdout: true,
    AttachStderr: true,
    ...(spec.tty ? { Tty: true } : {}),
    ...(spec.stdinOpen ? { OpenStdin: true } : {}),
    ...(spec.stopTimeoutSeconds === undefined ? {} : { StopTimeout: spec.stopTimeoutSeconds }),
    ...(spec.healthcheck === undefined ? {} : { Healthcheck: healthcheck(spec.healthcheck) }),
  };
}

function ifSet(name: string, text: string): Readonly<Record<string, string>> {
  return text === '' ? {} : { [name]: text };
}

function networksToJoin({ desired, service, name, replica }: CreateInput, spec: ContainerSpec): readonly Joining[] {
  const links = linksOf(service, desired, replica);
  const names = new Map(desired.bundle.networks.map((network) => [network.key, network.name]));
  return spec.networks.map((attachment) => ({
    network: names.get(attachment.network) ?? attachment.network,
    endpoint: endpointOf(service, attachment, { name, links }),
  }));
}

function labelsOf(input: CreateInput, spec: ContainerSpec): Record<string, string> {
  const { desired, service, replica, fleetId, imageId, paths } = input;
  const folder = paths.data(desired.stack, '.');
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
    ...(imageId === undefined ? {} : { [COMPOSE_LABELS.image]: imageId }),
    [COMPOSE_LABELS.version]: COMPOSE_VERSION,
    [COMPOSE_LABELS.workingDir]: folder,
    // No Compose file is on the host: its folder is the place that a human can look at.
    [COMPOSE_LABELS.configFiles]: folder,
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
