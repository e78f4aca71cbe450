import { readCommand } from './arguments.ts';
import type { Field } from './field.ts';
import { checkKeys } from './known-keys.ts';
import type { Hook, Service } from './model.ts';
import { byName } from './pairs.ts';
import type { VariableSource } from './repository.ts';
import { HOOK_KEYS } from './specification.ts';

/** `post_start` and `pre_stop`: commands that run in the container, in order. */
export function readHooks(service: Field, variables: VariableSource): Service['hooks'] {
  const of = (key: string) => (service.get(key)?.items() ?? []).map((item) => readHook(item, variables));
  return { postStart: of('post_start'), preStop: of('pre_stop') };
}

function readHook(field: Field, variables: VariableSource): Hook {
  checkKeys(field, HOOK_KEYS);
  const command = readCommand(field.get('command'));
  if (command === undefined)
    throw (field.get('command') ?? field).refusal('COMPOSE_VALUE', 'it runs nothing; a command is wanted');
  return {
    command,
    user: field.get('user')?.scalarText() ?? '',
    privileged: field.get('privileged')?.boolean() ?? false,
    workingDir: field.get('working_dir')?.text() ?? '',
    environment: readVariables(field.get('environment'), variables),
  };
}

/** A mapping, or a list of `NAME=value`: items of a list are no part of merging, which makes mappings of others. */
function readVariables(field: Field | undefined, variables: VariableSource): Hook['environment'] {
  if (field === undefined) return [];
  const written =
    field.node.kind === 'sequence'
      ? field.items().map((item) => assignment(item.text(), item))
      : field.entries().map(({ key, value }) => ({
          name: key,
          value: value.isNull ? undefined : value.scalarText(),
          field: value,
        }));
  const read = new Map<string, string>();
  for (const { name, value, field: place } of written) {
    if (name === '') throw place.refusal('COMPOSE_VALUE', 'it has no name; a variable with a name is wanted');
    const text = value ?? variables.get(name);
    if (text !== undefined) read.set(name, text);
  }
  return [...read].map(([name, value]) => ({ name, value })).sort(byName);
}

function assignment(text: string, field: Field) {
  const at = text.indexOf('=');
  return at === -1
    ? { name: text, value: undefined, field }
    : { name: text.slice(0, at), value: text.slice(at + 1), field };
}
