import type { Field } from './field.ts';
import type { Port, Service } from './model.ts';

/** Checks what services say of each other: COMPOSE_DEPENDS_UNKNOWN, COMPOSE_DEPENDS_CYCLE, PORT_CONFLICT. */
export function checkServices(services: readonly Service[], field: Field): void {
  checkDependencies(services, field);
  checkPorts(services, field);
}

function checkDependencies(services: readonly Service[], field: Field): void {
  const byName = new Map(services.map((service) => [service.name, service]));
  for (const { name, dependsOn } of services) {
    for (const { service } of dependsOn) {
      if (!byName.has(service)) {
        throw dependencyField(field, name).refusal(
          'COMPOSE_DEPENDS_UNKNOWN',
          `service "${service}" is not defined; a service of this stack is wanted`,
        );
      }
    }
  }
  const finished = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (finished.has(name)) return;
    if (path.includes(name)) {
      const chain = [...path.slice(path.indexOf(name)), name].join(' → ');
      throw dependencyField(field, name).refusal(
        'COMPOSE_DEPENDS_CYCLE',
        `services wait for each other: ${chain}; an order is wanted`,
      );
    }
    for (const { service } of byName.get(name)?.dependsOn ?? []) visit(service, [...path, name]);
    finished.add(name);
  };
  for (const { name } of services) visit(name, []);
}

function dependencyField(field: Field, service: string): Field {
  return field.get(service)?.get('depends_on') ?? field;
}

function checkPorts(services: readonly Service[], field: Field): void {
  const owners: { readonly service: string; readonly port: Port }[] = [];
  for (const { name, ports } of services) {
    for (const port of ports.filter(({ hostPort }) => /^\d+$/.test(hostPort))) {
      const other = owners.find((owner) => overlap(owner.port, port));
      if (other !== undefined) {
        const place = field.get(name)?.get('ports') ?? field;
        throw place.refusal(
          'PORT_CONFLICT',
          `host port ${port.hostPort}/${port.protocol} is published by ${other.service} too; one owner is wanted`,
        );
      }
      owners.push({ service: name, port });
    }
  }
}

const ALL_ADDRESSES = new Set(['', '0.0.0.0', '::']);

function overlap(a: Port, b: Port): boolean {
  const sameAddress =
    a.hostAddress === b.hostAddress || ALL_ADDRESSES.has(a.hostAddress) || ALL_ADDRESSES.has(b.hostAddress);
  return sameAddress && a.hostPort === b.hostPort && a.protocol === b.protocol;
}
