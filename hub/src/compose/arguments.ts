import { split } from 'shlex';
import type { Field } from './field.ts';

/** A command or entrypoint: a list as it is, a text split as a shell would split it, without any other meaning of a shell. */
function readArguments(field: Field): readonly string[] {
  if (field.node.kind === 'sequence') return field.items().map((item) => item.text());
  const text = field.text();
  try {
    return split(text);
  } catch {
    // The splitter's only complaint is a quote that stays open.
    throw field.refusal('COMPOSE_VALUE', 'a quote is not closed; a command line or a list of arguments is wanted');
  }
}

/** The engine keeps the image's command where a Compose file says `[]` or an empty text. */
export function readCommand(field: Field | undefined): readonly string[] | undefined {
  if (field === undefined || field.isNull) return undefined;
  const values = readArguments(field);
  return values.length === 0 ? undefined : values;
}

/** An empty list clears the image's entrypoint; a text that is empty does too. */
export function readEntrypoint(field: Field | undefined): readonly string[] | undefined {
  return field === undefined || field.isNull ? undefined : readArguments(field);
}
