import { type Disk, type FileStatus, REAL_DISK } from './disk.ts';

/** What an operating system says, with its code. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: said by the disk`), { code });
}

/** The power went: nothing after this call happens. */
export class PowerCut extends Error {}

/** A real disk that fails at one of the calls that make something last, or at all from then on. */
export class FailingDisk implements Disk {
  /** Calls that were made. */
  calls = 0;
  /** Calls that still work; after them each one throws. */
  remaining = Number.POSITIVE_INFINITY;
  failure: Error = systemError('EIO');

  sync(descriptor: number): void {
    this.#step();
    REAL_DISK.sync(descriptor);
  }

  rename(from: string, to: string): void {
    this.#step();
    REAL_DISK.rename(from, to);
  }

  open(path: string, flags: 'wx' | 'r', mode?: number): number {
    return REAL_DISK.open(path, flags, mode);
  }

  write(descriptor: number, bytes: Uint8Array, from: number): number {
    return REAL_DISK.write(descriptor, bytes, from);
  }

  close(descriptor: number): void {
    REAL_DISK.close(descriptor);
  }

  read(path: string): Buffer {
    return REAL_DISK.read(path);
  }

  look(path: string): FileStatus | undefined {
    return REAL_DISK.look(path);
  }

  list(folder: string): ReturnType<Disk['list']> {
    return REAL_DISK.list(folder);
  }

  link(path: string, name: string): void {
    REAL_DISK.link(path, name);
  }

  remove(path: string): void {
    REAL_DISK.remove(path);
  }

  makeFolder(path: string, options: Parameters<Disk['makeFolder']>[1]): void {
    REAL_DISK.makeFolder(path, options);
  }

  setMode(path: string, mode: number): void {
    REAL_DISK.setMode(path, mode);
  }

  setTime(path: string, atMs: number): void {
    REAL_DISK.setTime(path, atMs);
  }

  #step(): void {
    if (this.remaining <= 0) throw this.failure;
    this.remaining -= 1;
    this.calls += 1;
  }
}
