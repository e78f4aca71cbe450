import type { Field } from './field.ts';
import type { Dependency } from './model.ts';

const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'] as const;
const KEYS = ['condition', 'restart', 'required'] as const;

/** `depends_on`; its list form was written as a mapping before merging. */
export function readDependencies(field: Field | undefined): readonly Dependency[] {
  const dependencies = (field?.entries() ?? []).map(({ key, value }): Dependency => {
    value.onlyKeys(KEYS);
    return {
      service: key,
      condition: readCondition(value.get('condition')),
      restart: value.get('restart')?.boolean() ?? false,
      required: value.get('required')?.boolean() ?? true,
    };
  });
  return dependencies.sort((a, b) => (a.service < b.service ? -1 : 1));
}

function readCondition(field: Field | undefined): Dependency['condition'] {
  if (field === undefined) return 'service_started';
  const text = field.text();
  const condition = CONDITIONS.find((known) => known === text);
  if (condition !== undefined) return condition;
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no condition; ${CONDITIONS.join(', ')} is wanted`);
}
