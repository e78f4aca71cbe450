import type { Field } from './field.ts';
import type { Healthcheck } from './model.ts';
import { readHealthDuration } from './quantities.ts';

const HEALTHCHECK_KEYS = [
  'test',
  'interval',
  'timeout',
  'retries',
  'start_period',
  'start_interval',
  'disable',
] as const;

/** `healthcheck`: a text is a shell command, `disable: true` is `["NONE"]`, what is not said is the image's. */
export function readHealthcheck(field: Field | undefined): Healthcheck | undefined {
  if (field === undefined || field.isNull) return undefined;
  field.onlyKeys(HEALTHCHECK_KEYS);
  const test = readTest(field);
  const retries = field.get('retries')?.count() ?? 0;
  const checks = {
    test,
    intervalNanos: readHealthDuration(field.get('interval')),
    timeoutNanos: readHealthDuration(field.get('timeout')),
    startPeriodNanos: readHealthDuration(field.get('start_period')),
    startIntervalNanos: readHealthDuration(field.get('start_interval')),
    retries,
  };
  const silent =
    test.length === 0 && Object.values(checks).every((value) => value === 0n || value === 0 || value === test);
  return silent ? undefined : checks;
}

function readTest(field: Field): readonly string[] {
  const test = field.get('test');
  if (field.get('disable')?.boolean() === true) {
    if (test === undefined || test.isNull) return ['NONE'];
    throw test.refusal('COMPOSE_CONFLICT', 'it stands beside disable: true; one of them is wanted');
  }
  if (test === undefined || test.isNull) return [];
  if (test.node.kind !== 'sequence') return ['CMD-SHELL', test.text()];
  const values = test.items().map((item) => item.text());
  const [kind = 'NONE'] = values;
  if (values.length > 0 && !['NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw test.refusal('COMPOSE_VALUE', `it begins with "${kind}"; NONE, CMD or CMD-SHELL is wanted`);
  }
  return values;
}
