import type { Field } from './field.ts';
import { volumesService } from './links.ts';
import type { Mount, Project, Service, UpdateConfig } from './model.ts';
import { serviceOf } from './namespaces.ts';
import { ignoredKey, type Warn } from './warn.ts';

const ORDERS: readonly string[] = ['start-first', 'stop-first'];

/** `deploy.update_config`; undefined where it says nothing that is not so anyway. Replicas that overlap are replaced one by one, as in Swarm. */
export function readUpdateConfig(deploy: Field | undefined): UpdateConfig | undefined {
  const updates = deploy?.get('update_config');
  const startFirst = readOrder(updates?.get('order')) === 'start-first';
  const parallelism = updates?.get('parallelism');
  const atATime = parallelism === undefined || parallelism.isNull ? undefined : parallelism.count();
  if (!startFirst && (atATime ?? 0) === 0) return undefined;
  return { startFirst, parallelism: atATime ?? 1 };
}

function readOrder(field: Field | undefined): string {
  const order = field === undefined || field.isNull ? 'stop-first' : field.text();
  if (field === undefined || ORDERS.includes(order)) return order;
  throw field.refusal('COMPOSE_VALUE', `"${order}" is no order; ${ORDERS.join(' or ')} is wanted`);
}

/**
 * Services as they can be replaced. Old and new cannot run side by side where both would need what only one can have: then the old one stops first,
 * as it does without Swarm anyway, and a warning says why. Refusing instead would take files that run today.
 */
export function withPossibleOrder(services: Project['services'], field: Field, warn: Warn): Project['services'] {
  return services.map((service) => {
    if (service.update?.startFirst !== true) return service;
    const obstacle = obstacleOf(service) ?? usersOf(service.name, services);
    if (obstacle === undefined) return service;
    const order = field.get(service.name)?.get('deploy')?.get('update_config')?.entry('order');
    if (order !== undefined)
      warn(
        ignoredKey({ ...order.keyAt, field: order.value.path }, `cannot start before the old one stops: ${obstacle}`),
      );
    return { ...service, update: { startFirst: false, parallelism: service.update.parallelism } };
  });
}

/** What others have of its container, which names one that goes; undefined: nothing. */
function usersOf(name: string, services: Project['services']): string | undefined {
  if (services.some((service) => modesOf(service).map(serviceOf).includes(name)))
    return 'another service shares its namespaces';
  if (services.some(({ volumesFrom }) => volumesFrom.map(volumesService).includes(name)))
    return 'another service mounts its volumes';
  const isLinked = services.some(({ links }) => links.some((link) => link.kind === 'service' && link.name === name));
  return isLinked ? 'another service links to its containers' : undefined;
}

function modesOf({ namespaces: { networkMode, pidMode, ipcMode } }: Service): readonly string[] {
  return [networkMode, pidMode, ipcMode];
}

/** What stands in the way of running twice; undefined: nothing. */
function obstacleOf(service: Service): string | undefined {
  const { ports, networks, namespaces, mounts, replicas, volumesFrom } = service;
  const port = ports.find(({ published, hostPort }) => published && hostPort !== '');
  if (port !== undefined) return `port ${port.hostPort} of the host has one holder`;
  if (namespaces.networkMode === 'host') return 'its ports are those of the host';
  const owner = modesOf(service)
    .map(serviceOf)
    .find((name) => name !== undefined);
  if (owner !== undefined) return `it shares namespaces of service "${owner}"`;
  const address = networks
    .flatMap(({ ipv4Address, ipv6Address, macAddress }) => [ipv4Address, ipv6Address, macAddress])
    .find((one) => one !== '');
  if (address !== undefined) return `address ${address} has one holder`;
  const [from] = volumesFrom;
  if (from !== undefined) return `both would mount the volumes of ${from}`;
  // A volume without a name goes from the old container to the new one.
  const nameless = mounts.find(({ source }) => source.kind === 'anonymous');
  if (nameless !== undefined) return `the volume at ${nameless.target} is handed over`;
  // Replicas share what they write to all the time: then one more is nothing new.
  const written = replicas > 1 ? undefined : mounts.find(isWritten);
  return written === undefined ? undefined : `both would write to ${written.target}`;
}

function isWritten({ source, readOnly }: Mount): boolean {
  return !readOnly && (source.kind === 'volume' || source.kind === 'host' || source.kind === 'data');
}
