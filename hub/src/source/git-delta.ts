import { corrupt, ObjectTooLarge } from './git-object-error.ts';

/**
 * Applies a delta: copies of parts of the base, and bytes of its own (gitformat-pack(5), "deltified representation"). Checks both sizes that
 * the delta states. Throws GIT_OBJECT_TOO_LARGE before taking memory, GIT_OBJECT_CORRUPT for instructions that do not fit.
 */
export function applyDelta(
  base: Buffer,
  delta: Buffer,
  { what, maxBytes }: { what: string; maxBytes: number },
): Buffer {
  const broken = (): Error => corrupt(what, 'a delta does not fit its base');
  let position = 0;
  const next = (): number => {
    const byte = delta[position];
    if (byte === undefined) throw broken();
    position += 1;
    return byte;
  };
  const size = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = next();
      value += (byte & 0x7f) * factor;
      if ((byte & 0x80) === 0) return value;
    }
  };
  /** Bits of the instruction say which bytes of a little-endian number follow. */
  const number = (bits: number, bytes: number): number => {
    let value = 0;
    for (let index = 0; index < bytes; index += 1) if ((bits >> index) & 1) value += next() * 256 ** index;
    return value;
  };

  if (size() !== base.byteLength) throw broken();
  const resultSize = size();
  if (resultSize > maxBytes) throw new ObjectTooLarge(what, resultSize, maxBytes);
  const result = Buffer.alloc(resultSize);
  let filled = 0;
  while (position < delta.byteLength) {
    const instruction = next();
    const copies = (instruction & 0x80) !== 0;
    const start = copies ? number(instruction & 0x0f, 4) : position;
    const length = copies ? number((instruction >> 4) & 0x07, 3) || 0x10000 : instruction;
    const source = copies ? base : delta;
    if (length === 0 || start + length > source.byteLength || filled + length > resultSize) throw broken();
    source.copy(result, filled, start, start + length);
    filled += length;
    if (!copies) position += length;
  }
  if (filled !== resultSize) throw broken();
  return result;
}
