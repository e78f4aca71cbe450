import { posix } from 'node:path';

/** Where relative paths of a project lead on this machine. */
export class Places {
  readonly #folder: string;
  readonly #home: string;

  /** `folder` is the project's, absolute; `home` is what `~` stands for. */
  constructor({ folder, home }: { readonly folder: string; readonly home: string }) {
    this.#folder = folder;
    this.#home = home;
  }

  /** The absolute path of a path that a project names. */
  absolute(path: string): string {
    if (path === '~' || path.startsWith('~/')) return posix.join(this.#home, path.slice(1));
    return path.startsWith('/') ? path : posix.join(this.#folder, path).replace(/(.)\/$/, '$1');
  }
}
