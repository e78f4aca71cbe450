import type { Field } from './field.ts';
import type { RestartPolicy } from './model.ts';

const NAMES = ['no', 'always', 'unless-stopped', 'on-failure'] as const;

/** `restart`: `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`. Throws COMPOSE_VALUE, and COMPOSE_TYPE for booleans. */
export function readRestart(field: Field | undefined): RestartPolicy | undefined {
  if (field === undefined || field.isNull) return undefined;
  const text = field.text();
  if (text === '') return undefined;
  const [name = '', count, more] = text.split(':');
  const known = NAMES.find((candidate) => candidate === name);
  const counted = count === undefined || (known === 'on-failure' && /^\d{1,9}$/.test(count));
  if (known === undefined || !counted || more !== undefined) {
    throw field.refusal(
      'COMPOSE_VALUE',
      `"${text}" is no restart policy; no, always, unless-stopped or on-failure[:N] is wanted`,
    );
  }
  return { name: known, maximumRetries: Number(count ?? 0) };
}
