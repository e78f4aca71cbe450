import {
  type Bundle,
  DependencyCondition,
  type Ipam,
  type Network,
  PullPolicy,
  type Service,
  type UpdateConfig,
  UpdateOrder,
  type Volume,
} from '@mooring/proto';
import { containerFields } from './container-fields.ts';
import { type Field, keyPath, labelFields, unlessEmpty, whenTrue } from './field.ts';

/** A service, network, volume or secret of a bundle. */
export interface BundlePart {
  /** In one word or two: what a list shows where the whole of it comes or goes. */
  readonly summary: string;
  /** Everything of it that decides what runs; what is not set is not there. */
  readonly fields: ReadonlyMap<string, string>;
}

/** What a bundle asks for, by path: `services.web`, `networks.default`. */
export function bundleParts(bundle: Bundle): ReadonlyMap<string, BundlePart> {
  return new Map<string, BundlePart>([
    ...bundle.services.map((service) =>
      part('services', service.name, {
        summary: service.container?.image ?? 'service',
        fields: serviceFields(service),
      }),
    ),
    ...bundle.networks.map((network) =>
      part('networks', network.key, { summary: network.name, fields: networkFields(network) }),
    ),
    ...bundle.volumes.map((volume) =>
      part('volumes', volume.key, { summary: volume.name, fields: volumeFields(volume) }),
    ),
    ...(bundle.after.length === 0
      ? []
      : [part('stack', 'after', { summary: bundle.after.join(', '), fields: [['stacks', bundle.after.join(', ')]] })]),
    ...bundle.secrets.map(({ name }) => part('secrets', name, { summary: name, fields: [] })),
  ]);
}

function part(
  kind: string,
  key: string,
  { summary, fields }: { summary: string; fields: readonly Field[] },
): [string, BundlePart] {
  return [keyPath(kind, key), { summary, fields: new Map(fields) }];
}

const CONDITIONS: Readonly<Record<DependencyCondition, string>> = {
  [DependencyCondition.DEPENDENCY_CONDITION_UNSPECIFIED]: 'unknown',
  [DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED]: 'service_started',
  [DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY]: 'service_healthy',
  [DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY]: 'service_completed_successfully',
};

const PULL_POLICIES: Readonly<Record<PullPolicy, string>> = {
  [PullPolicy.PULL_POLICY_UNSPECIFIED]: '',
  [PullPolicy.PULL_POLICY_MISSING]: '',
  [PullPolicy.PULL_POLICY_ALWAYS]: 'always',
  [PullPolicy.PULL_POLICY_NEVER]: 'never',
};

function serviceFields(service: Service): readonly Field[] {
  const { container, replicas, dependsOn, pullPolicy, containerName, update } = service;
  const dependencies = dependsOn.map(({ service, condition, restart, required }): Field => {
    const words = [CONDITIONS[condition], ...(restart ? ['restart'] : []), ...(required ? [] : ['not required'])];
    return [keyPath('depends_on', service), words.join(', ')];
  });
  return [
    ...(container === undefined ? [] : containerFields(container)),
    ['deploy.replicas', String(replicas)],
    ...dependencies,
    ...unlessEmpty('pull_policy', PULL_POLICIES[pullPolicy]),
    ...unlessEmpty('container_name', containerName),
    ...(update === undefined ? [] : updateFields(update)),
  ];
}

function updateFields({ order, parallelism }: UpdateConfig): readonly Field[] {
  return [
    ...unlessEmpty('deploy.update_config.order', order === UpdateOrder.UPDATE_ORDER_START_FIRST ? 'start-first' : ''),
    ['deploy.update_config.parallelism', String(parallelism)],
  ];
}

function networkFields(network: Network): readonly Field[] {
  return [
    ['name', network.name],
    ...whenTrue('external', network.external),
    ...unlessEmpty('driver', network.driver),
    ...whenTrue('internal', network.internal),
    ...whenTrue('attachable', network.attachable),
    ...labelFields('driver_opts', network.driverOptions),
    ...labelFields('labels', network.labels),
    ...unlessEmpty('enable_ipv6', network.enableIpv6 === undefined ? '' : String(network.enableIpv6)),
    ...unlessEmpty('enable_ipv4', network.enableIpv4 === undefined ? '' : String(network.enableIpv4)),
    ...(network.ipam === undefined ? [] : ipamFields(network.ipam)),
  ];
}

function ipamFields({ driver, options, pools }: Ipam): readonly Field[] {
  const poolTexts = pools.map(({ subnet, gateway, ipRange, auxiliaryAddresses }) =>
    [
      subnet,
      gateway === '' ? '' : `gateway ${gateway}`,
      ipRange === '' ? '' : `range ${ipRange}`,
      ...auxiliaryAddresses.map(({ name, value }) => `${name}=${value}`),
    ]
      .filter((text) => text !== '')
      .join(' '),
  );
  return [
    ...unlessEmpty('ipam.driver', driver),
    ...labelFields('ipam.options', options),
    ...unlessEmpty('ipam.config', poolTexts.join(', ')),
  ];
}

function volumeFields({ name, external, driver, driverOptions, labels }: Volume): readonly Field[] {
  return [
    ['name', name],
    ...whenTrue('external', external),
    ...unlessEmpty('driver', driver),
    ...labelFields('driver_opts', driverOptions),
    ...labelFields('labels', labels),
  ];
}
