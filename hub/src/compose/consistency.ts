import { isIP } from 'node:net';
import type { ErrorCode } from '@mooring/proto';
import { type Field, refusalAt } from './field.ts';
import type { Dependency, Port, Service } from './model.ts';
import { readPort } from './ports.ts';

/** Checks what services say of each other: COMPOSE_DEPENDS_UNKNOWN, COMPOSE_DEPENDS_CYCLE, COMPOSE_CONFLICT, PORT_CONFLICT. */
export function checkServices(services: readonly Service[], field: Field): void {
  checkOrdering(services, field);
  checkPorts(services, field);
}

/** A service as far as others wait for it. */
type Dependent = Pick<Service, 'name' | 'dependsOn' | 'healthcheck'>;

/** Checks that services can start one after the other: COMPOSE_DEPENDS_UNKNOWN, COMPOSE_DEPENDS_CYCLE, COMPOSE_CONFLICT. */
export function checkOrdering(services: readonly Dependent[], field: Field): void {
  checkDependencies(services, field);
  checkOrder(services, field);
}

function checkDependencies(services: readonly Dependent[], field: Field): void {
  const byName = new Map(services.map((service) => [service.name, service]));
  for (const { name, dependsOn } of services) {
    for (const dependency of dependsOn) {
      const other = byName.get(dependency.service);
      if (other === undefined)
        throw dependencyRefusal(field, [name, dependency.service], {
          code: 'COMPOSE_DEPENDS_UNKNOWN',
          what: unknownService(field, dependency.service),
        });
      if (neverHealthy(dependency, other))
        throw dependencyRefusal(field, [name, dependency.service], {
          code: 'COMPOSE_CONFLICT',
          what: `service "${dependency.service}" disables its healthcheck and is never healthy; service_started is wanted`,
        });
    }
  }
}

function unknownService(field: Field, name: string): string {
  if (field.get(name) === undefined) return `service "${name}" is not defined; a service of this stack is wanted`;
  return `service "${name}" has no enabled profile; an active service is wanted`;
}

function neverHealthy({ condition }: Dependency, { healthcheck }: Dependent): boolean {
  return condition === 'service_healthy' && healthcheck?.test[0] === 'NONE';
}

/** Walks without recursion: a chain of thousands of services is no reason to fail. */
function checkOrder(services: readonly Dependent[], field: Field): void {
  const dependencies = new Map(services.map(({ name, dependsOn }) => [name, dependsOn.map(({ service }) => service)]));
  const finished = new Set<string>();
  const onPath = new Set<string>();
  for (const { name: start } of services) {
    const path = [{ name: start, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      onPath.add(top.name);
      const next = finished.has(top.name) ? undefined : dependencies.get(top.name)?.[top.next];
      top.next += 1;
      if (next === undefined) {
        finished.add(top.name);
        onPath.delete(top.name);
        path.pop();
        continue;
      }
      if (onPath.has(next)) {
        throw cycleRefusal(
          field,
          path.map(({ name }) => name),
          next,
        );
      }
      path.push({ name: next, next: 0 });
    }
  }
}

function cycleRefusal(field: Field, path: readonly string[], back: string) {
  const chain = [...path.slice(path.indexOf(back)), back].join(' → ');
  return dependencyRefusal(field, [path.at(-1) ?? back, back], {
    code: 'COMPOSE_DEPENDS_CYCLE',
    what: `services wait for each other: ${chain}; an order is wanted`,
  });
}

/** An error where `service` names `dependency`. */
function dependencyRefusal(
  services: Field,
  [service, dependency]: readonly [service: string, dependency: string],
  { code, what }: { code: ErrorCode; what: string },
) {
  const field = services.get(service)?.get('depends_on');
  const entry = field?.entry(dependency);
  const place = entry === undefined ? (field ?? services).place : { ...entry.keyAt, field: entry.value.path };
  return refusalAt(place, code, { what });
}

/** What publishes a port of the host. */
interface Owner {
  readonly service: string;
  readonly port: Port;
}

function checkPorts(services: readonly Service[], field: Field): void {
  // By port and protocol, then by address.
  const owners = new Map<string, Map<string, Owner>>();
  for (const { name, ports, replicas } of services) {
    for (const port of ports) {
      // Of a range, and of no port at all, the engine takes one that is free.
      if (!port.published || !/^\d+$/.test(port.hostPort)) continue;
      const key = `${port.hostPort}/${port.protocol}`;
      if (replicas > 1)
        throw portPlace(field, { service: name, port }).refusal(
          'PORT_CONFLICT',
          `host port ${key} would be published by ${replicas} containers; one container, or a range of ports, is wanted`,
        );
      const known = owners.get(key) ?? new Map<string, Owner>();
      const other = ownerOf(known, port.hostAddress);
      if (other !== undefined)
        throw portPlace(field, { service: name, port }).refusal(
          'PORT_CONFLICT',
          `host port ${key} is published by services "${other.service}" and "${name}"; one owner is wanted`,
          other.service === name ? undefined : 'Publish another port, or bind each to an address of its own.',
        );
      owners.set(key, known.set(port.hostAddress, { service: name, port }));
    }
  }
}

/** Who has that address already. An empty one is all of them, the two wildcards are all of IPv4 and all of IPv6. */
function ownerOf(known: ReadonlyMap<string, Owner>, address: string): Owner | undefined {
  const family = isIP(address);
  const wildcard = family === 6 ? '::' : '0.0.0.0';
  const direct = known.get(address) ?? known.get('') ?? (family === 0 ? undefined : known.get(wildcard));
  if (direct !== undefined) return direct;
  if (family === 0) return known.values().next().value;
  return address === wildcard
    ? [...known.values()].find((owner) => isIP(owner.port.hostAddress) === family)
    : undefined;
}

/** The item that publishes the port. */
function portPlace(services: Field, { service, port }: Owner): Field {
  const ports = services.get(service)?.get('ports');
  const publishes = (item: Field): boolean =>
    readPort(item).some((other) => JSON.stringify(other) === JSON.stringify(port));
  return ports?.items().find(publishes) ?? services;
}
