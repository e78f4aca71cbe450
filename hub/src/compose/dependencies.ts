import type { Field } from './field.ts';
import type { Dependency } from './model.ts';

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
  if (text === 'service_started' || text === 'service_healthy') return text;
  if (text === 'service_completed_successfully') {
    throw field.refusal(
      'COMPOSE_UNSUPPORTED_KEY',
      `the condition ${text} is not supported yet; service_started or service_healthy is wanted`,
    );
  }
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no condition; service_started or service_healthy is wanted`);
}
