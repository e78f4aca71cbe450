import {
  Bundle,
  containerSpecDigest,
  type Digest,
  digestOf,
  type FileReference,
  type Ipam,
  type Network,
  networkSpecDigest,
  PullPolicy,
  type Service,
  type UpdateConfig,
  UpdateOrder,
  type Volume,
  volumeSpecDigest,
} from '@mooring/proto';
import type * as model from '../compose/model.ts';
import type { PlainObject } from '../render/rendering.ts';
import { containerSpec, contentsOf, dependency } from './container-spec.ts';
import { requiredFeatures } from './required-features.ts';

/** Version of the bundle's layout. */
const BUNDLE_FORMAT = 1;

/** A stack as agents get it. */
export interface BuiltBundle {
  readonly bundle: Bundle;
  /** The deterministic encoding. */
  readonly bytes: Uint8Array;
  /** Digest of `bytes`. */
  readonly digest: Digest;
  /** Contents that it mounts, each once, sorted by digest. */
  readonly files: readonly PlainObject[];
}

/** Turns a resolved project, and the stacks that come before it, into the bundle that agents apply: equal projects give equal bytes, whatever order their lists came in. */
export function buildBundle(project: model.Project, after: readonly string[] = []): BuiltBundle {
  const contents = distinctContents(project);
  const parts = {
    services: sortedBy(project.services, ({ name }) => name).map(service),
    networks: sortedBy(project.networks, ({ key }) => key).map(network),
    volumes: sortedBy(project.volumes, ({ key }) => key).map(volume),
    after: [...after],
  };
  const bundle: Bundle = {
    format: BUNDLE_FORMAT,
    stack: project.name,
    requires: requiredFeatures(parts),
    ...parts,
    files: contents.map(
      ({ plainDigest, bytes }): FileReference => ({ digest: plainDigest, size: BigInt(bytes.byteLength) }),
    ),
    secrets: [],
  };
  const bytes = Bundle.encode(bundle).finish();
  return { bundle, bytes, digest: digestOf(bytes), files: contents };
}

const PULL_POLICIES: Readonly<Record<model.Service['pullPolicy'], PullPolicy>> = {
  missing: PullPolicy.PULL_POLICY_MISSING,
  always: PullPolicy.PULL_POLICY_ALWAYS,
  never: PullPolicy.PULL_POLICY_NEVER,
};

function service(source: model.Service): Service {
  const container = containerSpec(source);
  return {
    name: source.name,
    specDigest: containerSpecDigest(container),
    container,
    replicas: source.replicas,
    dependsOn: sortedBy(source.dependsOn, (other) => other.service).map(dependency),
    pullPolicy: PULL_POLICIES[source.pullPolicy],
    containerName: source.containerName,
    update: source.update === undefined ? undefined : updateConfig(source.update),
  };
}

function updateConfig({ startFirst, parallelism }: model.UpdateConfig): UpdateConfig {
  return {
    order: startFirst ? UpdateOrder.UPDATE_ORDER_START_FIRST : UpdateOrder.UPDATE_ORDER_STOP_FIRST,
    parallelism,
  };
}

function network({ labels, driverOptions, ipam, ...rest }: model.Network): Network {
  const built: Network = {
    ...rest,
    driverOptions: sortedBy(driverOptions, (option) => option.name),
    ipam: ipam === undefined ? undefined : addressManagement(ipam),
    labels: sortedBy(labels, (label) => label.name),
    specDigest: '',
  };
  return { ...built, specDigest: networkSpecDigest(built) };
}

function addressManagement({ driver, options, pools }: model.Ipam): Ipam {
  return {
    driver,
    options: sortedBy(options, (option) => option.name),
    pools: sortedBy(pools, ({ subnet }) => subnet).map(({ auxiliaryAddresses, ...pool }) => ({
      ...pool,
      auxiliaryAddresses: sortedBy(auxiliaryAddresses, (address) => address.name),
    })),
  };
}

function volume({ labels, driverOptions, ...rest }: model.Volume): Volume {
  const built: Volume = {
    ...rest,
    driverOptions: sortedBy(driverOptions, (option) => option.name),
    labels: sortedBy(labels, (label) => label.name),
    specDigest: '',
  };
  return { ...built, specDigest: volumeSpecDigest(built) };
}

function distinctContents(project: model.Project): readonly PlainObject[] {
  const contents = new Map<string, PlainObject>();
  for (const { digest, bytes } of project.services.flatMap((each) => each.mounts.flatMap(contentsOf))) {
    contents.set(digest, { plainDigest: digest, bytes, stack: '' });
  }
  return sortedBy([...contents.values()], ({ plainDigest }) => plainDigest);
}

/** Sorts by code units, which no locale changes. */
function sortedBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((left, right) => {
    if (key(left) === key(right)) return 0;
    return key(left) < key(right) ? -1 : 1;
  });
}
