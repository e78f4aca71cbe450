import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, inflateSync } from 'node:zlib';
import { MooringError } from '@mooring/proto';
import { Gate } from './gate.ts';
import { applyDelta } from './git-delta.ts';
import { corrupt, ObjectTooLarge } from './git-object-error.ts';
import { type ObjectType, Pack, type PackEntry } from './git-pack.ts';
import { inflateExactly } from './inflate.ts';

/** An object whose hash was checked. */
export interface GitObject {
  readonly type: ObjectType;
  readonly content: Buffer;
}

/** Bytes of any object that is read as the base of another; an honest file that is read has at most 1 MiB, its history may have been larger. */
const MAX_BASE_BYTES = 32 * 1024 * 1024;
/** Deltas in a row: git writes at most 250 (pack.depth), 4095 being the hard end. */
const MAX_DELTA_DEPTH = 4095;
/** Objects that are read at the same time: more only fills memory. */
const MAX_PARALLEL_READS = 16;
/** Compressed bytes that hold the header of a loose object. */
const LOOSE_HEADER_BYTES = 256;
const OID = /^[0-9a-f]{40}$/;

/**
 * Reads objects of a repository one at a time, in place, with every size checked before memory is taken and every hash checked after. The
 * library that fetches reads whole packs into memory and has no size limits, which untrusted repositories rule out.
 */
export class ObjectStore {
  private readonly folder: string;
  private readonly gate = new Gate(MAX_PARALLEL_READS);
  private packs: Promise<readonly Pack[]> | undefined;

  constructor(gitdir: string) {
    this.folder = join(gitdir, 'objects');
  }

  /**
   * Reads the object named `oid`. Throws GIT_OBJECT_MISSING, GIT_OBJECT_CORRUPT, or GIT_OBJECT_TOO_LARGE when it has more than `maxBytes`.
   */
  async read(oid: string, maxBytes: number): Promise<GitObject> {
    if (!OID.test(oid)) throw corrupt(`object "${oid}"`, 'its name is not a SHA-1');
    return this.gate.run(async () => {
      const object = (await this.readLoose(oid, maxBytes)) ?? (await this.readPacked(oid, maxBytes));
      if (object === undefined) throw missing(oid);
      const hash = createHash('sha1').update(`${object.type} ${object.content.byteLength}\0`).update(object.content);
      if (hash.digest('hex') !== oid) throw corrupt(`object ${oid}`, 'its content has another hash');
      return object;
    });
  }

  /** True when the object is there, whatever it holds. */
  async has(oid: string): Promise<boolean> {
    if (await this.openLoose(oid).then(closeIfOpen)) return true;
    return (await this.locate(oid)) !== undefined;
  }

  /** How many packs there are. */
  async packCount(): Promise<number> {
    return (await this.openPacks()).length;
  }

  async close(): Promise<void> {
    const packs = await this.packs?.catch(() => []);
    this.packs = undefined;
    await Promise.all((packs ?? []).map((pack) => pack.close()));
  }

  private async readLoose(oid: string, maxBytes: number): Promise<GitObject | undefined> {
    const file = await this.openLoose(oid);
    if (file === undefined) return undefined;
    try {
      const read = async (length: number): Promise<Buffer> => {
        const buffer = Buffer.alloc(length);
        return buffer.subarray(0, (await file.read(buffer, 0, length, 0)).bytesRead);
      };
      const header = looseHeader(oid, await read(LOOSE_HEADER_BYTES));
      if (header.size > maxBytes) throw new ObjectTooLarge(`object ${oid}`, header.size, maxBytes);
      const whole = await inflateExactly(`object ${oid}`, header.length + header.size, read);
      return { type: header.type, content: whole.subarray(header.length) };
    } finally {
      await file.close();
    }
  }

  private async openLoose(oid: string) {
    return open(join(this.folder, oid.slice(0, 2), oid.slice(2)), 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
  }

  private async readPacked(oid: string, maxBytes: number): Promise<GitObject | undefined> {
    const place = await this.locate(oid);
    if (place === undefined) return undefined;
    const { entry, pack } = place;
    const type = wholeType(entry);
    if (type !== undefined) return { type, content: await pack.content(entry, maxBytes) };
    return this.resolveDelta({ pack, entry }, { oid, maxBytes });
  }

  /** Collects the deltas down to a whole object, then applies them upwards. */
  private async resolveDelta(
    top: PlacedEntry,
    { oid, maxBytes }: { oid: string; maxBytes: number },
  ): Promise<GitObject> {
    const deltas: Buffer[] = [];
    let place = top;
    let type = wholeType(place.entry);
    while (type === undefined) {
      if (deltas.length === MAX_DELTA_DEPTH)
        throw corrupt(`object ${oid}`, `it is made of more than ${MAX_DELTA_DEPTH} deltas`);
      deltas.push(await place.pack.content(place.entry, MAX_BASE_BYTES));
      place = await this.baseOf(place, oid);
      type = wholeType(place.entry);
    }
    let content = await place.pack.content(place.entry, MAX_BASE_BYTES);
    while (deltas.length > 0) {
      const delta = deltas.pop() ?? Buffer.alloc(0);
      content = applyDelta(content, delta, {
        what: `object ${oid}`,
        maxBytes: deltas.length === 0 ? maxBytes : MAX_BASE_BYTES,
      });
    }
    return { type, content };
  }

  private async baseOf({ pack, entry }: PlacedEntry, oid: string): Promise<PlacedEntry> {
    if (entry.base !== undefined && 'offset' in entry.base) return { pack, entry: await pack.entry(entry.base.offset) };
    const base = entry.base === undefined ? undefined : await this.locate(entry.base.oid);
    if (base === undefined) throw missing(entry.base?.oid ?? oid);
    return base;
  }

  private async locate(oid: string): Promise<PlacedEntry | undefined> {
    for (const pack of await this.openPacks()) {
      const offset = await pack.find(oid);
      if (offset !== undefined) return { pack, entry: await pack.entry(offset) };
    }
    return undefined;
  }

  private openPacks(): Promise<readonly Pack[]> {
    this.packs ??= this.listPacks();
    return this.packs;
  }

  private async listPacks(): Promise<readonly Pack[]> {
    const folder = join(this.folder, 'pack');
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const bases = names.filter((name) => name.endsWith('.idx')).map((name) => name.slice(0, -'.idx'.length));
    const packs: Pack[] = [];
    try {
      for (const base of bases.sort())
        if (names.includes(`${base}.pack`)) packs.push(await Pack.open(join(folder, base)));
    } catch (error) {
      await Promise.all(packs.map((pack) => pack.close()));
      throw error;
    }
    return packs;
  }
}

interface PlacedEntry {
  readonly pack: Pack;
  readonly entry: PackEntry;
}

/** The type of an entry that holds an object whole; undefined for a delta. */
function wholeType({ type }: PackEntry): ObjectType | undefined {
  return type === 'offset-delta' || type === 'reference-delta' ? undefined : type;
}

const LOOSE_HEADER = /^(commit|tree|blob|tag) (\d{1,15})\0/;

/** Inflates only the first bytes of a loose object: its type and size stand there. */
function looseHeader(oid: string, start: Buffer): { type: ObjectType; size: number; length: number } {
  let text: string;
  try {
    text = inflateSync(start, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 64).toString('latin1');
  } catch (cause) {
    throw corrupt(`object ${oid}`, 'its compressed content is broken', cause);
  }
  const match = LOOSE_HEADER.exec(text);
  if (match === null) throw corrupt(`object ${oid}`, 'it has no header');
  // The pattern admits only the four kinds.
  return { type: match[1] as ObjectType, size: Number(match[2]), length: match[0].length };
}

async function closeIfOpen(file: { close(): Promise<void> } | undefined): Promise<boolean> {
  await file?.close();
  return file !== undefined;
}

function missing(oid: string): MooringError {
  return new MooringError(
    'GIT_OBJECT_MISSING',
    `Cannot read object ${oid}: it is not in the repository; a complete repository is wanted`,
    {
      hint: 'Run git fsck in the repository; a partial clone lacks objects.',
    },
  );
}
