import type { Service } from '@mooring/proto';

/** Services so that each comes after those it depends on; those without an order between them keep the order of their names. */
export function startOrder(services: readonly Service[]): readonly Service[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const placed = new Set<string>();
  const ordered: Service[] = [];
  const place = (service: Service): void => {
    // The hub refuses cycles; marking before descending keeps a lying bundle from looping.
    if (placed.has(service.name)) return;
    placed.add(service.name);
    for (const { service: name } of service.dependsOn) {
      const dependency = byName.get(name);
      if (dependency !== undefined) place(dependency);
    }
    ordered.push(service);
  };
  for (const service of services) place(service);
  return ordered;
}
