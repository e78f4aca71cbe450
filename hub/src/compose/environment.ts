import { RESERVED_LABEL_PREFIXES } from '@mooring/proto';
import type { Field } from './field.ts';
import type { Label, Service } from './model.ts';
import { byName } from './pairs.ts';
import type { VariableSource } from './repository.ts';

/** `environment`: a name without a value takes the variable's; where that is unset, the container goes without the image's own, as with docker compose. */
export function readEnvironment(field: Field | undefined, variables: VariableSource): Service['environment'] {
  const pairs = (field?.entries() ?? []).map(({ key, value }) => {
    if (key === '' || key.includes('='))
      throw value.refusal('COMPOSE_VALUE', `"${key}" is no name of a variable; a name without "=" is wanted`);
    return { name: key, value: value.isNull ? variables.get(key) : value.scalarText() };
  });
  return pairs.sort(byName);
}

/** `labels`, of a service, network or volume. Throws LABEL_RESERVED for labels that Mooring or docker compose set themselves. */
export function readLabels(field: Field | undefined): readonly Label[] {
  const pairs = (field?.entries() ?? []).map(({ key, value }) => {
    checkLabelName(value, key);
    return { name: key, value: value.isNull ? '' : value.scalarText() };
  });
  return pairs.sort(byName);
}

/** Throws LABEL_RESERVED for a label that Mooring or docker compose set themselves. */
export function checkLabelName(field: Field, name: string): void {
  const prefix = RESERVED_LABEL_PREFIXES.find((reserved) => name.startsWith(reserved));
  if (prefix !== undefined)
    throw field.refusal('LABEL_RESERVED', `labels below "${prefix}" are set by Mooring; another name is wanted`);
}
