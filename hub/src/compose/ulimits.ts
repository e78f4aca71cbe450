import type { Field } from './field.ts';
import type { Ulimit } from './limits-model.ts';
import { byName } from './pairs.ts';

/** Names that the engine knows (docker/go-units, ulimit.go). */
const NAMES = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
] as const;

/** `ulimits`: one number for both limits, or `soft` and `hard`. Throws COMPOSE_VALUE, COMPOSE_QUANTITY and COMPOSE_CONFLICT. */
export function readUlimits(field: Field | undefined): readonly Ulimit[] {
  const ulimits = (field?.entries() ?? []).map(({ key, value }): Ulimit => {
    if (!NAMES.some((name) => name === key))
      throw value.refusal('COMPOSE_VALUE', `"${key}" is no limit of processes; one of ${NAMES.join(', ')} is wanted`);
    return { name: key, ...readBounds(value) };
  });
  return ulimits.sort(byName);
}

function readBounds(field: Field): { soft: number; hard: number } {
  if (field.node.kind !== 'mapping') {
    const both = readBound(field);
    return { soft: both, hard: both };
  }
  field.onlyKeys(['soft', 'hard']);
  const [soft, hard] = [field.get('soft'), field.get('hard')];
  if (soft === undefined || hard === undefined)
    throw field.refusal('COMPOSE_VALUE', 'it lacks a limit; soft and hard are wanted');
  const bounds = { soft: readBound(soft), hard: readBound(hard) };
  if (bounds.hard !== -1 && (bounds.soft === -1 || bounds.soft > bounds.hard))
    throw field.refusal('COMPOSE_CONFLICT', 'its soft limit is above its hard limit; at most that is wanted');
  return bounds;
}

function readBound(field: Field): number {
  const bound = field.integer();
  if (bound >= -1) return bound;
  throw field.refusal('COMPOSE_QUANTITY', `it is ${bound}; a number from 0, or -1 for no limit, is wanted`);
}
