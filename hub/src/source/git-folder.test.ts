import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGitFolder } from './git-folder.ts';
import { readHead } from './refs.ts';
import { TestRepository } from './repository.fake.ts';

describe('a repository on this machine', () => {
  let repository: TestRepository;
  let folders: string[];

  beforeEach(() => {
    repository = new TestRepository();
    repository.write('a', 'x').commit();
    folders = [];
  });

  afterEach(() => {
    repository.remove();
  });

  const head = (folder: string, name = 'main'): Promise<string> =>
    readHead(
      { location: { kind: 'local', folder }, name, token: undefined },
      { maxBytes: 0, signal: AbortSignal.timeout(5000) },
    );

  it('is read with a work tree, bare, as a linked worktree, and with packed refs', async () => {
    const bare = join(repository.folder, 'bare.git');
    const worktree = join(repository.folder, 'worktree');
    repository.git('clone', '-q', '--bare', '.', bare);
    repository.git('worktree', 'add', '-q', worktree, '-b', 'side');
    folders.push(repository.folder, bare, worktree);
    for (const folder of folders) expect(await head(folder)).toBe(repository.head());
    repository.git('pack-refs', '--all');
    expect(await head(repository.folder, 'side')).toBe(repository.head());
  });

  it('must be a repository', async () => {
    await expect(head(join(repository.folder, 'none'))).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('must have the branch; a tag and an empty repository are named as what they are', async () => {
    repository.git('tag', 'v1');
    await expect(head(repository.folder, 'v1')).rejects.toThrow(
      'it is a tag; a branch is wanted, and there are refs/heads/main, refs/tags/v1',
    );
    await expect(head(repository.folder, 'dev')).rejects.toMatchObject({ code: 'GIT_REF_MISSING' });
    const empty = new TestRepository();
    await expect(head(empty.folder)).rejects.toThrow('the repository has no commits');
    empty.remove();
  });

  it('must have objects and refs of its own', async () => {
    writeFileSync(join(repository.folder, '.git/objects/info/alternates'), '/somewhere\n');
    await expect(openGitFolder(repository.folder)).rejects.toMatchObject({ code: 'GIT_UNSUPPORTED' });
    writeFileSync(join(repository.folder, '.git/objects/info/alternates'), '\n');
    repository.git('config', 'extensions.refStorage', 'reftable');
    await expect(openGitFolder(repository.folder)).rejects.toMatchObject({ code: 'GIT_UNSUPPORTED' });
  });
});
