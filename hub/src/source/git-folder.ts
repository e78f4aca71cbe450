import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MooringError } from '@mooring/proto';

/** A Git repository on this machine, ready to be read. */
export interface GitFolder {
  /** Holds objects, refs and configuration; for a linked worktree the one it shares with its main repository. */
  readonly gitdir: string;
}

/** Bytes of a `.git` file, `commondir` or configuration that are read: they hold a path or a few settings. */
const MAX_CONTROL_FILE_BYTES = 1024 * 1024;

/**
 * Finds the repository at `folder`: bare, with a `.git` folder, or a linked worktree. Throws GIT_UNSUPPORTED for what is not read here:
 * SHA-256 objects, reftables, alternates; SOURCE_UNREACHABLE where no repository is.
 */
export async function openGitFolder(folder: string): Promise<GitFolder> {
  const gitdir = await findGitdir(folder);
  if (gitdir === undefined) {
    throw new MooringError(
      'SOURCE_UNREACHABLE',
      `Cannot follow repository ${folder}: it is not a Git repository; a folder made by git init or git clone is wanted`,
    );
  }
  await refuseUnsupported(folder, gitdir);
  return { gitdir };
}

async function findGitdir(folder: string): Promise<string | undefined> {
  const inner = join(folder, '.git');
  const kind = await kindOf(inner);
  if (kind === 'folder') return commonDirectory(inner);
  if (kind === 'file') {
    const target = /^gitdir: (.+)$/m.exec(await readControlFile(inner))?.[1];
    return target === undefined ? undefined : commonDirectory(resolve(folder, target.trim()));
  }
  const bare = (await kindOf(join(folder, 'objects'))) === 'folder' && (await kindOf(join(folder, 'HEAD'))) === 'file';
  return bare ? folder : undefined;
}

/** A linked worktree keeps only HEAD and its index of its own (gitrepository-layout(5), commondir). */
async function commonDirectory(gitdir: string): Promise<string> {
  const shared = await readControlFile(join(gitdir, 'commondir'));
  return shared === '' ? gitdir : resolve(gitdir, shared.trim());
}

async function refuseUnsupported(folder: string, gitdir: string): Promise<void> {
  const alternates = await readControlFile(join(gitdir, 'objects', 'info', 'alternates'));
  if (alternates.trim() !== '') {
    throw unsupported(
      folder,
      'it borrows objects from another repository (objects/info/alternates)',
      `Run git -C ${folder} repack -a -d, then remove objects/info/alternates.`,
    );
  }
  const configuration = (await readControlFile(join(gitdir, 'config'))).toLowerCase();
  if (/^\s*objectformat\s*=\s*sha256/m.test(configuration))
    throw unsupported(folder, 'its objects are named by SHA-256', undefined);
  if (/^\s*refstorage\s*=\s*reftable/m.test(configuration)) {
    throw unsupported(
      folder,
      'its refs are kept in a reftable',
      `Run git -C ${folder} refs migrate --ref-format=files.`,
    );
  }
}

function unsupported(folder: string, what: string, hint: string | undefined): MooringError {
  return new MooringError(
    'GIT_UNSUPPORTED',
    `Cannot follow repository ${folder}: ${what}; a repository with SHA-1 objects and refs of its own in files is wanted`,
    { hint },
  );
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const status = await stat(path).catch(absent);
  if (status?.isDirectory()) return 'folder';
  return status?.isFile() ? 'file' : undefined;
}

/** The text of a small file; empty where it is missing. */
async function readControlFile(path: string): Promise<string> {
  const status = await stat(path).catch(absent);
  if (status === undefined) return '';
  if (status.size > MAX_CONTROL_FILE_BYTES) {
    throw unsupported(dirname(path), `${path} has ${status.size} bytes`, undefined);
  }
  return readFile(path, 'utf8');
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
