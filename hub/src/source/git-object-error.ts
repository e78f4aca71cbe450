import { MooringError } from '@mooring/proto';

/** An object or a file of the object store is not what it says it is. */
export function corrupt(what: string, found: string, cause?: unknown): MooringError {
  return new MooringError('GIT_OBJECT_CORRUPT', `Cannot read ${what}: ${found}; an undamaged object is wanted`, {
    hint: 'Run git fsck in the repository.',
    cause,
  });
}

/** An object is larger than what is held in memory. Carries the size that it states, so that a caller can name the file instead. */
export class ObjectTooLarge extends MooringError {
  readonly size: number;

  constructor(what: string, size: number, limit: number) {
    super('GIT_OBJECT_TOO_LARGE', `Cannot read ${what}: it has ${size} bytes; at most ${limit} are read`);
    this.size = size;
  }
}
