import { type Disk, diskError, PRIVATE_FILE, writeDurably } from './disk.ts';

/**
 * Says that the record on the disk is whole. A full disk does not take what is made meanwhile, and cannot be told so in the record itself; but it takes
 * that a file is removed. A start without the file takes back by its labels what it finds on the engine.
 */
export class RecordMark {
  readonly #disk: Disk;
  readonly #path: string;
  #isThere: boolean;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#isThere = disk.look(path) !== undefined;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** Throws DISK_FULL. */
  make(): void {
    if (this.#isThere) return;
    writeDurably(this.#disk, { path: this.#path, content: new Uint8Array(), mode: PRIVATE_FILE });
    this.#isThere = true;
  }

  /** A read-only disk keeps it; whoever starts there works on a copy, which is never taken for whole. */
  remove(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    try {
      this.#disk.remove(this.#path);
    } catch (cause) {
      const error = diskError(`remove ${this.#path}`, cause);
      if (error.code !== 'DISK_FULL') throw error;
    }
  }
}
