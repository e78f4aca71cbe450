import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { digestOf, isDigest } from '@mooring/proto';
import { type Disk, diskError, PRIVATE_FILE, removeDraft, syncFolder, writeDraft } from './disk.ts';

/** The assignment that the host runs by; its generation is the high-water mark. */
export interface Accepted {
  readonly generation: bigint;
  /** Of the envelope's bytes. */
  readonly digest: string;
  readonly envelope: Uint8Array;
}

/** What the disk says: `previous` came back because the newest file is damaged, `lost` means that a mark was there and cannot be read. */
export type AcceptedRead =
  | { readonly kind: 'accepted' | 'previous'; readonly accepted: Accepted }
  | { readonly kind: 'none' | 'lost' };

/**
 * The accepted assignment and the high-water mark in one file, so that one rename switches both: after a crash anywhere either the old or the new
 * one is there, never a mark without its assignment.
 */
export class AcceptedFile {
  readonly #folder: string;
  readonly #disk: Disk;

  /** `folder` is there and private. */
  constructor(folder: string, disk: Disk) {
    this.#folder = folder;
    this.#disk = disk;
  }

  read(): AcceptedRead {
    const newest = readFile(this.#disk, this.#path);
    if (newest !== undefined) return { kind: 'accepted', accepted: newest };
    const previous = readFile(this.#disk, this.#previous);
    if (previous !== undefined) return { kind: 'previous', accepted: previous };
    return { kind: [this.#path, this.#previous].some((path) => this.#disk.look(path) !== undefined) ? 'lost' : 'none' };
  }

  /** Switches; durable when it returns. Throws DISK_FULL, and then the old one still counts. */
  write(accepted: Accepted): void {
    const draft = `${this.#path}.new`;
    try {
      writeDraft(this.#disk, { path: draft, content: encode(accepted), mode: PRIVATE_FILE });
      this.#keepPrevious();
      this.#disk.rename(draft, this.#path);
      syncFolder(this.#disk, this.#folder);
    } catch (cause) {
      removeDraft(this.#disk, draft);
      throw diskError('accept assignment', cause);
    }
  }

  get #path(): string {
    return join(this.#folder, 'accepted');
  }

  get #previous(): string {
    return join(this.#folder, 'accepted.prev');
  }

  // A second name for the newest file, put in place by a rename. A damaged one never replaces a sound one.
  #keepPrevious(): void {
    if (readFile(this.#disk, this.#path) === undefined) return;
    const draft = `${this.#previous}.new`;
    this.#disk.remove(draft);
    this.#disk.link(this.#path, draft);
    this.#disk.rename(draft, this.#previous);
    // Renaming one name of a file over another of its names does nothing (rename(2)): the draft would stay.
    this.#disk.remove(draft);
  }
}

function encode({ generation, digest, envelope }: Accepted): Uint8Array {
  const text = Buffer.from(envelope).toString('base64');
  const document = { version: 1, generation: String(generation), digest, envelope: text };
  return Buffer.from(JSON.stringify({ ...document, checksum: checksumOf(document) }));
}

function checksumOf(document: { generation: string; digest: string; envelope: string }): string {
  const text = `${document.generation}\n${document.digest}\n${document.envelope}`;
  return createHash('sha256').update(text).digest('hex');
}

/** Undefined: there is none, or it is not what was written. */
function readFile(disk: Disk, path: string): Accepted | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(disk.read(path).toString('utf8'));
  } catch {
    // Missing and damaged are the same to the caller, who looks for the other file.
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  // The one cast: every field is checked before use.
  const { generation, digest, envelope, checksum } = parsed as Record<string, unknown>;
  if (typeof generation !== 'string' || typeof digest !== 'string' || typeof envelope !== 'string') return undefined;
  if (checksum !== checksumOf({ generation, digest, envelope }) || !/^[0-9]{1,20}$/.test(generation)) return undefined;
  const bytes = Buffer.from(envelope, 'base64');
  if (!isDigest(digest) || digestOf(bytes) !== digest) return undefined;
  return { generation: BigInt(generation), digest, envelope: bytes };
}
