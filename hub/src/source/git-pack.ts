import { type FileHandle, open } from 'node:fs/promises';
import { corrupt, ObjectTooLarge } from './git-object-error.ts';
import { inflateExactly } from './inflate.ts';

/** What one entry of a pack says before its content (gitformat-pack(5)). */
export interface PackEntry {
  readonly type: PackType;
  /** Bytes of the inflated content: of the object, or of the delta's instructions. */
  readonly size: number;
  /** Where the compressed content starts. */
  readonly dataOffset: number;
  /** What a delta is applied to. */
  readonly base: { readonly offset: number } | { readonly oid: string } | undefined;
}

/** Types that objects have; deltas are named by how they name their base. */
export type PackType = ObjectType | 'offset-delta' | 'reference-delta';

/** Kinds of objects. */
export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

const TYPES: Readonly<Record<number, PackType>> = {
  1: 'commit',
  2: 'tree',
  3: 'blob',
  4: 'tag',
  6: 'offset-delta',
  7: 'reference-delta',
};

const OID_BYTES = 20;
const FANOUT_BYTES = 256 * 4;
const INDEX_HEADER_BYTES = 8;
const INDEX_MAGIC = 0xff744f63;
/** Bytes of an entry's header: type and size take at most 10, a base at most 20. */
const ENTRY_HEADER_BYTES = 32;
/** Offsets with this bit stand in the table of 8-byte offsets. */
const LARGE_OFFSET_BIT = 0x8000_0000;

/** One pack with its index, read in place: only the parts that are asked for are ever in memory. */
export class Pack {
  private readonly buckets = new Map<number, Buffer>();
  readonly path: string;
  private readonly index: FileHandle;
  private readonly data: FileHandle;
  private readonly fanout: Buffer;

  private constructor(path: string, files: { index: FileHandle; data: FileHandle; fanout: Buffer }) {
    this.path = path;
    this.index = files.index;
    this.data = files.data;
    this.fanout = files.fanout;
  }

  /** Opens `<path>.idx` and `<path>.pack`. Throws GIT_OBJECT_CORRUPT for an index of another version. */
  static async open(path: string): Promise<Pack> {
    const index = await open(`${path}.idx`, 'r');
    try {
      const head = await readAt(index, { position: 0, length: INDEX_HEADER_BYTES + FANOUT_BYTES });
      if (
        head.byteLength < INDEX_HEADER_BYTES + FANOUT_BYTES ||
        head.readUInt32BE(0) !== INDEX_MAGIC ||
        head.readUInt32BE(4) !== 2
      ) {
        throw corrupt(`index ${path}.idx`, 'it is not a pack index of version 2');
      }
      const data = await open(`${path}.pack`, 'r');
      return new Pack(path, { index, data, fanout: head.subarray(INDEX_HEADER_BYTES) });
    } catch (error) {
      await index.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.index.close(), this.data.close()]);
  }

  /** Where the object starts in the pack; undefined when it is not there. */
  async find(oid: string): Promise<number | undefined> {
    const wanted = Buffer.from(oid, 'hex');
    const first = wanted[0] ?? 0;
    const start = first === 0 ? 0 : this.fanout.readUInt32BE((first - 1) * 4);
    const bucket = await this.bucket(first, start);
    let low = 0;
    let high = bucket.byteLength / OID_BYTES;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = wanted.compare(bucket, middle * OID_BYTES, (middle + 1) * OID_BYTES);
      if (order === 0) return this.offsetOf(start + middle);
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return undefined;
  }

  /** Reads the header of the entry at `offset`. */
  async entry(offset: number): Promise<PackEntry> {
    const head = await readAt(this.data, { position: offset, length: ENTRY_HEADER_BYTES });
    const cursor = new Cursor(head, this.path);
    let byte = cursor.next();
    const type = TYPES[(byte >> 4) & 7];
    if (type === undefined) throw corrupt(`pack ${this.path}.pack`, `the entry at ${offset} has an unknown type`);
    let size = byte & 0x0f;
    for (let factor = 16; (byte & 0x80) !== 0; factor *= 128) {
      byte = cursor.next();
      size += (byte & 0x7f) * factor;
    }
    if (type === 'reference-delta') {
      const base = { oid: cursor.take(OID_BYTES).toString('hex') };
      return { type, size, base, dataOffset: offset + cursor.position };
    }
    const base = type === 'offset-delta' ? { offset: offset - readBaseDistance(cursor) } : undefined;
    if (base !== undefined && (base.offset <= 0 || base.offset >= offset)) {
      throw corrupt(`pack ${this.path}.pack`, `the delta at ${offset} names a base outside of the pack`);
    }
    return { type, size, base, dataOffset: offset + cursor.position };
  }

  /** Inflates the content of an entry. Throws GIT_OBJECT_TOO_LARGE before inflating more than `maxBytes`. */
  async content(entry: PackEntry, maxBytes: number): Promise<Buffer> {
    const what = `object in pack ${this.path}.pack`;
    if (entry.size > maxBytes) throw new ObjectTooLarge(what, entry.size, maxBytes);
    return inflateExactly(what, entry.size, (length) => readAt(this.data, { position: entry.dataOffset, length }));
  }

  private async bucket(first: number, start: number): Promise<Buffer> {
    const known = this.buckets.get(first);
    if (known !== undefined) return known;
    const count = this.fanout.readUInt32BE(first * 4) - start;
    if (count < 0) throw corrupt(`index ${this.path}.idx`, 'its counts do not grow');
    const position = INDEX_HEADER_BYTES + FANOUT_BYTES + start * OID_BYTES;
    const bucket = await readAt(this.index, { position, length: count * OID_BYTES });
    if (bucket.byteLength !== count * OID_BYTES) throw corrupt(`index ${this.path}.idx`, 'it is cut short');
    this.buckets.set(first, bucket);
    return bucket;
  }

  private async offsetOf(position: number): Promise<number> {
    const total = this.fanout.readUInt32BE(255 * 4);
    const table = INDEX_HEADER_BYTES + FANOUT_BYTES + total * (OID_BYTES + 4);
    const small = (await readAt(this.index, { position: table + position * 4, length: 4 })).readUInt32BE(0);
    if (small < LARGE_OFFSET_BIT) return small;
    const large = table + total * 4 + (small - LARGE_OFFSET_BIT) * 8;
    return Number((await readAt(this.index, { position: large, length: 8 })).readBigUInt64BE(0));
  }
}

/** Distance to the base of an offset delta: 7 bits a byte, each continuation adding one (gitformat-pack(5), "offset encoding"). */
function readBaseDistance(cursor: Cursor): number {
  let byte = cursor.next();
  let distance = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = cursor.next();
    distance = (distance + 1) * 128 + (byte & 0x7f);
  }
  return distance;
}

class Cursor {
  position = 0;
  private readonly bytes: Buffer;
  private readonly path: string;

  constructor(bytes: Buffer, path: string) {
    this.bytes = bytes;
    this.path = path;
  }

  next(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw corrupt(`pack ${this.path}.pack`, 'an entry is cut short');
    this.position += 1;
    return byte;
  }

  take(length: number): Buffer {
    const part = this.bytes.subarray(this.position, this.position + length);
    if (part.byteLength !== length) throw corrupt(`pack ${this.path}.pack`, 'an entry is cut short');
    this.position += length;
    return part;
  }
}

async function readAt(file: FileHandle, { position, length }: { position: number; length: number }): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
