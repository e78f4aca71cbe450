import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import type { RepositoryEntry, RepositoryReader } from '../compose/repository.ts';
import { checkEntryName } from './entry-name.ts';
import { checkFileContent, checkFileSize, MAX_FILE_BYTES } from './file-content.ts';

/**
 * Reads the files below a folder on this machine as if they were committed: for checking before a commit exists. Links are entries of their
 * own and never followed, `.git` cannot be named, and the same limits hold as for a commit.
 */
export class FolderTree implements RepositoryReader {
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async lookup(path: string): Promise<RepositoryEntry | undefined> {
    const segments = path === '' ? [] : path.split('/');
    for (const [index, name] of segments.entries()) {
      const parent = segments.slice(0, index).join('/');
      checkEntryName(name, parent);
      const entry = await this.entry(segments.slice(0, index + 1).join('/'));
      if (entry === undefined || index === segments.length - 1 || entry.kind === 'symlink') return entry;
      if (entry.kind !== 'folder') return undefined;
    }
    return this.entry('');
  }

  private async entry(path: string): Promise<RepositoryEntry | undefined> {
    const status = await lstat(join(this.root, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (status === undefined) return undefined;
    if (status.isSymbolicLink()) return { kind: 'symlink', path, oid: `link:${path}` };
    if (status.isDirectory()) return { kind: 'folder', path, oid: `folder:${path}`, list: () => this.list(path) };
    if (!status.isFile()) {
      throw new MooringError(
        'GIT_UNSAFE_PATH',
        `Cannot read ${path}: it is a device, a pipe or a socket; a file is wanted`,
        { place: { file: path } },
      );
    }
    return {
      kind: 'file',
      path,
      oid: await this.fileId(path, status.size),
      executable: (status.mode & 0o100) !== 0,
      bytes: () => this.bytes(path),
    };
  }

  /** A large file keeps an id of its own, so that looking at it does not read it. */
  private async fileId(path: string, size: number): Promise<string> {
    if (size > MAX_FILE_BYTES) return `large:${path}`;
    return createHash('sha256')
      .update(await readFile(join(this.root, path)))
      .digest('hex');
  }

  private async bytes(path: string): Promise<Uint8Array> {
    checkFileSize(path, (await lstat(join(this.root, path))).size);
    return checkFileContent(path, await readFile(join(this.root, path)));
  }

  private async list(path: string): Promise<readonly RepositoryEntry[]> {
    const names = (await readdir(join(this.root, path))).filter((name) => name !== '.git').sort();
    const entries: RepositoryEntry[] = [];
    for (const name of names) {
      checkEntryName(name, path);
      const entry = await this.entry(path === '' ? name : `${path}/${name}`);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }
}
