import {
  ContainerSpec,
  type Dependency,
  DependencyCondition,
  type EnvironmentVariable,
  type Healthcheck,
  Mount,
  NetworkAttachment,
  type TreeMount,
  treeDigest,
} from '@mooring/proto';
import type * as model from '../compose/model.ts';

// Every field that the Compose files do not set.
const UNSET = ContainerSpec.decode(new Uint8Array());
const UNSET_ATTACHMENT = NetworkAttachment.decode(new Uint8Array());
const UNSET_MOUNT = Mount.decode(new Uint8Array());

/** Everything that a service's containers are created from. The model is sorted already; the order of networks carries meaning. */
export function containerSpec(service: model.Service): ContainerSpec {
  return {
    ...UNSET,
    image: service.image,
    command: service.command === undefined ? undefined : { values: [...service.command] },
    entrypoint: service.entrypoint === undefined ? undefined : { values: [...service.entrypoint] },
    environment: service.environment.map(variable),
    labels: service.labels.map(({ name, value }) => ({ name, value })),
    ports: service.ports.map((port) => ({ ...port, published: true })),
    mounts: service.mounts.map(mount),
    networks: service.networks.map(({ network, aliases }) => ({ ...UNSET_ATTACHMENT, network, aliases: [...aliases] })),
    healthcheck: service.healthcheck === undefined ? undefined : healthcheck(service.healthcheck),
    restart: service.restart === undefined ? undefined : { ...service.restart },
    memoryBytes: BigInt(service.memoryBytes),
  };
}

const CONDITIONS: Readonly<Record<model.Dependency['condition'], DependencyCondition>> = {
  service_started: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED,
  service_healthy: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY,
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

function mount({ target, readOnly, source }: model.Mount): Mount {
  return { ...UNSET_MOUNT, target, readOnly, source: mountSource(source) };
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
      return { $case: 'tmpfs', value: { sizeBytes: BigInt(source.sizeBytes), mode: source.mode } };
  }
}

function tree(entries: readonly model.TreeEntry[]): TreeMount {
  const built: TreeMount = {
    digest: '',
    entries: entries.map(({ path, content }) => ({ path, digest: content.digest, executable: content.executable })),
  };
  return { ...built, digest: treeDigest(built) };
}
