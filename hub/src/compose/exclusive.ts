import { isIPv4 } from 'node:net';
import type { ErrorCode } from '@mooring/proto';
import type { Field } from './field.ts';
import { volumesService } from './links.ts';
import type { Network, NetworkAttachment, Service } from './model.ts';
import { serviceOf } from './namespaces.ts';

/** Checks what may be only once in a stack, or not beside something else: COMPOSE_CONFLICT, COMPOSE_DEPENDS_UNKNOWN. */
export function checkExclusive(services: readonly Service[], networks: readonly Network[], field: Field): void {
  checkContainerNames(services, field);
  const names = new Set(services.map(({ name }) => name));
  for (const service of services) {
    const own = field.get(service.name) ?? field;
    checkNamespaces(service, names, own);
    checkUsed(service, names, own);
    checkNetworkMode(service, own);
  }
  checkAddresses(services, networks, field);
}

function checkContainerNames(services: readonly Service[], field: Field): void {
  const owners = new Map<string, string>();
  for (const { name, containerName } of services) {
    if (containerName === '') continue;
    const other = owners.get(containerName);
    if (other !== undefined)
      throw attribute(field.get(name), 'container_name', field).refusal(
        'COMPOSE_CONFLICT',
        `"${containerName}" is the container_name of services "${other}" and "${name}"; a name for each is wanted`,
      );
    owners.set(containerName, name);
  }
}

/** Each with the attribute that sets it. */
function modesOf({ namespaces: { networkMode, pidMode, ipcMode } }: Service) {
  return [
    ['network_mode', networkMode],
    ['pid', pidMode],
    ['ipc', ipcMode],
  ] as const;
}

function checkNamespaces(service: Service, names: ReadonlySet<string>, field: Field): void {
  for (const [key, mode] of modesOf(service)) {
    const owner = serviceOf(mode);
    if (owner === undefined || (names.has(owner) && owner !== service.name)) continue;
    const what =
      owner === service.name ? 'it names its own service' : `service "${owner}" is not defined or not active`;
    throw attribute(field, key, field).refusal(
      'COMPOSE_DEPENDS_UNKNOWN',
      `${what}; another service of this stack is wanted`,
    );
  }
}

/** Services that are linked, or whose volumes are mounted: the items of a list in the order of the file. */
function checkUsed(service: Service, names: ReadonlySet<string>, field: Field): void {
  const linked = service.links.flatMap(({ kind, name }) => (kind === 'service' ? [name] : []));
  for (const [key, owners] of [
    ['links', linked],
    ['volumes_from', service.volumesFrom.map(volumesService)],
  ] as const) {
    for (const [index, owner] of owners.entries()) {
      if (owner === undefined || (names.has(owner) && owner !== service.name)) continue;
      const what =
        owner === service.name ? 'it names its own service' : `service "${owner}" is not defined or not active`;
      throw (field.get(key)?.items()[index] ?? field).refusal(
        'COMPOSE_DEPENDS_UNKNOWN',
        `${what}; another service of this stack is wanted`,
      );
    }
  }
}

/** What the engine refuses beside the network of another container (moby, runconfig/hostconfig_unix.go). */
function checkNetworkMode(service: Service, field: Field): void {
  const { networkMode, utsMode } = service.namespaces;
  const networks = field.get('networks');
  if (networkMode !== '' && networks !== undefined && !networks.isNull)
    throw networks.refusal('COMPOSE_CONFLICT', 'it stands beside network_mode; one of them is wanted');
  for (const key of ['links', 'external_links', 'mac_address']) {
    const other = field.get(key);
    if (networkMode === '' || other === undefined || other.isNull) continue;
    throw other.refusal('COMPOSE_CONFLICT', 'it belongs to networks and stands beside network_mode; one is wanted');
  }
  if (utsMode === 'host' && service.process.hostname !== '')
    throw attribute(field, 'hostname', field).refusal('COMPOSE_CONFLICT', 'it stands beside uts: host; one is wanted');
  if (serviceOf(networkMode) === undefined) return;
  const { nameResolution } = service;
  const taken = [
    ['hostname', service.process.hostname !== ''],
    ['extra_hosts', nameResolution.extraHosts.length > 0],
    ['dns', nameResolution.dns.length > 0],
    [service.ports.some(({ published }) => published) ? 'ports' : 'expose', service.ports.length > 0],
  ] as const;
  for (const [key, isSet] of taken) {
    if (!isSet) continue;
    throw attribute(field, key, field).refusal(
      'COMPOSE_CONFLICT',
      `it belongs to the network of another service, "${networkMode}"; it is wanted there`,
    );
  }
}

function checkAddresses(services: readonly Service[], networks: readonly Network[], field: Field): void {
  const byKey = new Map(networks.map((network) => [network.key, network]));
  const owners = new Map<string, string>();
  for (const service of services) {
    for (const attachment of service.networks) {
      for (const [key, address] of addressesOf(attachment)) {
        const place = addressField(field, service.name, { network: attachment.network, key });
        const refuse = (code: ErrorCode, what: string) =>
          place.refusal(code, `${what}; an address of its own is wanted`);
        const owner = owners.get(`${attachment.network} ${address}`);
        if (owner !== undefined)
          throw refuse('COMPOSE_CONFLICT', `${address} is the address of service "${owner}" too`);
        if (service.replicas > 1)
          throw refuse('COMPOSE_CONFLICT', `${service.replicas} containers would have ${address}`);
        owners.set(`${attachment.network} ${address}`, service.name);
        if (key === 'mac_address') continue;
        checkPool(place, address, byKey.get(attachment.network));
      }
    }
  }
}

function addressesOf({ ipv4Address, ipv6Address, macAddress }: NetworkAttachment) {
  return (
    [
      ['ipv4_address', ipv4Address],
      ['ipv6_address', ipv6Address],
      ['mac_address', macAddress],
    ] as const
  ).filter(([, address]) => address !== '');
}

/** The engine takes an address only where the network's pools were chosen by hand. */
function checkPool(place: Field, address: string, network: Network | undefined): void {
  if (network === undefined || network.external) return;
  const isSameFamily = ({ subnet }: { subnet: string }): boolean => subnet.includes(':') !== isIPv4(address);
  if (network.ipam?.pools.some(isSameFamily) === true) return;
  throw place.refusal(
    'COMPOSE_CONFLICT',
    `network "${network.key}" has no subnet of its own for ${address}; one under ipam.config is wanted`,
  );
}

function addressField(services: Field, service: string, { network, key }: { network: string; key: string }): Field {
  const attachment = services.get(service)?.get('networks')?.get(network);
  return attribute(attachment, key, services);
}

function attribute(field: Field | undefined, key: string, otherwise: Field): Field {
  return field?.get(key) ?? field ?? otherwise;
}
