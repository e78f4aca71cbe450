import { posix } from 'node:path';
import type { Field } from './field.ts';

/** A mount without anything special. */
export const PLAIN_MOUNT = {
  propagation: '',
  selinux: '',
  noCopy: false,
  mustExist: false,
  subpath: '',
  volumeLabels: [],
  recursive: '',
} as const;

/** A path inside a container, as docker compose cleans it. Throws COMPOSE_VOLUME; the root cannot be mounted over. */
export function cleanTarget(field: Field, target: string): string {
  if (!target.startsWith('/'))
    throw field.refusal(
      'COMPOSE_VOLUME',
      `its target "${target}" is not absolute; a path inside the container is wanted`,
    );
  const clean = posix.normalize(target).replace(/(.)\/$/, '$1');
  if (clean === '/')
    throw field.refusal('COMPOSE_VOLUME', 'its target is the root of the container; a path below it is wanted');
  return clean;
}
