import type { Field } from './field.ts';
import type { Logging } from './model.ts';
import { readPairs } from './pairs.ts';

/** `logging`: driver and options. Undefined where neither is said. */
export function readLogging(field: Field | undefined): Logging | undefined {
  if (field === undefined || field.isNull) return undefined;
  field.onlyKeys(['driver', 'options']);
  const logging = { driver: field.get('driver')?.text() ?? '', options: readPairs(field.get('options')) };
  if (logging.driver === 'none' && logging.options.length > 0)
    throw field.refusal('COMPOSE_CONFLICT', 'it has options for the driver none; no options are wanted');
  return logging.driver === '' && logging.options.length === 0 ? undefined : logging;
}
