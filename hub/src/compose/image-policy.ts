import type { Field } from './field.ts';
import type { Service } from './model.ts';

const POLICIES: Readonly<Record<string, Service['pullPolicy']>> = {
  always: 'always',
  never: 'never',
  missing: 'missing',
  if_not_present: 'missing',
};
/** Operating system, architecture and perhaps a variant, as containerd writes them. */
const PLATFORM = /^[a-z0-9_.-]+\/[a-z0-9_.-]+(?:\/[a-z0-9_.-]+)?$/;

/** `pull_policy`. Throws COMPOSE_UNSUPPORTED_KEY for those of the specification that need a clock or a builder. */
export function readPullPolicy(field: Field | undefined): Service['pullPolicy'] {
  const text = field?.text() ?? '';
  if (field === undefined || text === '') return 'missing';
  const policy = Object.hasOwn(POLICIES, text) ? POLICIES[text] : undefined;
  if (policy !== undefined) return policy;
  if (/^(?:build|daily|weekly|every_.*)$/.test(text))
    throw field.refusal(
      'COMPOSE_UNSUPPORTED_KEY',
      `"${text}" is not supported yet; always, missing or never is wanted`,
    );
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no pull policy; always, missing or never is wanted`);
}

/** `platform`, such as `linux/arm64`. */
export function readPlatform(field: Field | undefined): string {
  const text = field?.text() ?? '';
  if (field === undefined || text === '' || PLATFORM.test(text)) return text;
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no platform; one such as linux/arm64 is wanted`);
}
