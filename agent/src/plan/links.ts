import type { Service } from '@mooring/proto';
import type { DesiredStack } from './desired.ts';
import { nameOf } from './replica-name.ts';

/**
 * Names under which a replica finds others on each of its networks, as "container:alias": every replica of a linked service by the alias and, as
 * docker compose has it, by the service's name and the stack's with the number of the replica that looks.
 */
export function linksOf(service: Service, desired: DesiredStack, replica: number): readonly string[] {
  const links = service.container?.links ?? [];
  return links.flatMap(({ target, alias }) => {
    if (target?.$case !== 'service') return target === undefined ? [] : [`${target.value}:${alias}`];
    const other = desired.bundle.services.find(({ name }) => name === target.value);
    if (other === undefined) return [];
    const own = [alias, `${other.name}-${replica}`, `${desired.stack}-${other.name}-${replica}`];
    const replicas = Array.from({ length: other.replicas }, (_, index) => nameOf(desired, other, index + 1));
    return replicas.flatMap((container) => own.map((name) => `${container}:${name}`));
  });
}
