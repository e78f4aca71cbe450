import type { Field } from './field.ts';

/** What docker compose fetches from elsewhere: an address with a scheme, `git@host:...`, an address that ends in `.git`. */
const REMOTE = /^(?:[a-z][a-z0-9+.-]*:\/\/|git@)|\.git(?:#|$)/i;

/** Refuses what would be fetched while rendering: a commit must mean the same tomorrow. Throws COMPOSE_REMOTE_REF. */
export function checkReferences(file: Field): void {
  for (const reference of references(file)) {
    const { node } = reference;
    if (node.kind === 'scalar' && REMOTE.test(node.text))
      throw reference.refusal(
        'COMPOSE_REMOTE_REF',
        'it is fetched from elsewhere, which never happens while rendering; a file in the repository is wanted',
        'Commit the file into the repository.',
      );
  }
}

/** Every value that `include` and `extends` name a file with. Shapes that are wrong are left to others. */
function references(file: Field): readonly Field[] {
  const services = file.get('services');
  const extended =
    services?.node.kind === 'mapping' ? services.entries().flatMap(({ value }) => childOf(value, 'extends')) : [];
  const included = childOf(file, 'include').flatMap(itemsOf);
  return [
    ...extended.flatMap((field) => childOf(field, 'file')),
    ...included,
    ...included.flatMap((field) => childOf(field, 'path')).flatMap(itemsOf),
  ];
}

function childOf(field: Field, key: string): readonly Field[] {
  if (field.node.kind !== 'mapping') return [];
  const child = field.get(key);
  return child === undefined ? [] : [child];
}

function itemsOf(field: Field): readonly Field[] {
  return field.node.kind === 'sequence' ? field.items() : [field];
}
