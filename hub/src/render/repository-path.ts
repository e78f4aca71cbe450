import { posix } from 'node:path';

/** `path` as seen from `folder`, from the repository's root; undefined when it would leave the repository. */
export function repositoryPath(folder: string, path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\\')) return undefined;
  const joined = posix.normalize(posix.join(folder, path)).replace(/\/$/, '');
  if (joined === '..' || joined.startsWith('../')) return undefined;
  return joined === '.' ? '' : joined;
}
