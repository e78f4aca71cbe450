import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { corrupt } from './git-object-error.ts';

const inflateAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate);

/** Compressed bytes that content of `size` bytes may take: zlib's own worst case (deflateBound) with room to spare. */
function compressedBound(size: number): number {
  return size + (size >> 8) + 1024;
}

/**
 * Inflates a zlib stream that must hold exactly `size` bytes, never holding more. `read` returns at most so many compressed bytes. Throws
 * GIT_OBJECT_CORRUPT when the stream is broken, shorter or longer than stated.
 */
export async function inflateExactly(
  what: string,
  size: number,
  read: (length: number) => Promise<Buffer>,
): Promise<Buffer> {
  const compressed = await read(compressedBound(size));
  const content = await inflateAsync(compressed, { maxOutputLength: Math.max(1, size) }).catch((cause: unknown) => {
    throw corrupt(what, `its compressed content is broken or larger than the ${size} bytes it states`, cause);
  });
  if (content.byteLength !== size) throw corrupt(what, `it has ${content.byteLength} bytes and states ${size}`);
  return content;
}
