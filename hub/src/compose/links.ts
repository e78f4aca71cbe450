import type { Field } from './field.ts';
import type { Dependency, Link } from './model.ts';

/** `container:<name>` among `volumes_from`. */
const CONTAINER = 'container';

/** `links` to services of the stack, then `external_links` to containers by their names. Throws COMPOSE_VALUE. */
export function readLinks(service: Field): readonly Link[] {
  const links = (service.get('links')?.items() ?? []).map((item): Link => {
    const { name, alias } = readLink(item);
    return { kind: 'service', name, alias };
  });
  const external = (service.get('external_links')?.items() ?? []).map((item): Link => {
    const { name, alias } = readLink(item);
    return { kind: 'container', name, alias };
  });
  return [...links, ...external];
}

/** `name`, or `name:alias`. */
function readLink(field: Field): { readonly name: string; readonly alias: string } {
  const text = field.text();
  const [name = '', alias = name, more] = text.split(':');
  if (name !== '' && alias !== '' && more === undefined) return { name, alias };
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no link; a name, or "name:alias", is wanted`);
}

/** `volumes_from`: `service:<service>`, or the name of a container. Docker compose drops what is said of writing. Throws COMPOSE_VALUE. */
export function readVolumesFrom(field: Field | undefined): readonly string[] {
  return (field?.items() ?? []).map((item) => {
    const text = item.text();
    const [first = '', second = '', third, more] = text.split(':');
    const isContainer = first === CONTAINER;
    const name = isContainer ? second : first;
    const mode = isContainer ? third : text.split(':')[1];
    const isLong = more !== undefined || (!isContainer && third !== undefined);
    if (name !== '' && !isLong && (mode === undefined || mode === 'ro' || mode === 'rw'))
      return isContainer ? name : `service:${name}`;
    throw item.refusal('COMPOSE_VALUE', `"${text}" names no volumes; "service" or "container:name" is wanted`);
  });
}

/** The service that one of `volumes_from` means; undefined: a container by its name. */
export function volumesService(from: string): string | undefined {
  return from.startsWith('service:') ? from.slice('service:'.length) : undefined;
}

/** Services that come first because something of them is used, unless the file says how: a link follows them, volumes do not. */
export function withUsedServices(
  dependencies: readonly Dependency[],
  { links, volumesFrom }: { readonly links: readonly Link[]; readonly volumesFrom: readonly string[] },
): readonly Dependency[] {
  const all = new Map(dependencies.map((dependency) => [dependency.service, dependency]));
  const add = (service: string, restart: boolean): void => {
    if (!all.has(service)) all.set(service, { service, condition: 'service_started', restart, required: true });
  };
  for (const { kind, name } of links) if (kind === 'service') add(name, true);
  for (const from of volumesFrom) {
    const service = volumesService(from);
    if (service !== undefined) add(service, false);
  }
  if (all.size === dependencies.length) return dependencies;
  return [...all.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
}
