import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCommit } from './git-commit.ts';
import { ObjectStore } from './git-objects.ts';
import { CommitTree } from './git-tree.ts';
import { TestRepository } from './repository.fake.ts';

describe('the tree of a commit', () => {
  let repository: TestRepository;
  let store: ObjectStore;

  beforeEach(() => {
    repository = new TestRepository();
    repository.write('stacks/shop/compose.yaml', 'services: {}\n').write('stacks/shop/run.sh', '#!/bin/sh\n');
    chmodSync(join(repository.folder, 'stacks/shop/run.sh'), 0o755);
    repository.commit('first');
    store = new ObjectStore(join(repository.folder, '.git'));
  });

  afterEach(async () => {
    await store.close();
    repository.remove();
  });

  async function tree(): Promise<CommitTree> {
    const { tree } = await readCommit(store, repository.git('rev-parse', 'main'));
    return new CommitTree(store, tree);
  }

  it('reads files with their mode', async () => {
    const entry = await (await tree()).lookup('stacks/shop/run.sh');
    expect(entry).toMatchObject({ kind: 'file', path: 'stacks/shop/run.sh', executable: true });
    expect(entry?.kind === 'file' && Buffer.from(await entry.bytes()).toString()).toBe('#!/bin/sh\n');
    expect(await (await tree()).lookup('stacks/shop/compose.yaml')).toMatchObject({ executable: false });
  });

  it('lists folders, the root included', async () => {
    const root = await (await tree()).lookup('');
    expect(root?.kind === 'folder' && (await root.list()).map((entry) => entry.path)).toEqual(['stacks']);
    const shop = await (await tree()).lookup('stacks/shop');
    expect(shop?.kind === 'folder' && (await shop.list()).map((entry) => entry.path)).toEqual([
      'stacks/shop/compose.yaml',
      'stacks/shop/run.sh',
    ]);
  });

  it('has nothing where nothing is, and nothing below a file', async () => {
    expect(await (await tree()).lookup('stacks/none')).toBeUndefined();
    expect(await (await tree()).lookup('stacks/shop/run.sh/x')).toBeUndefined();
  });

  const blob = (content: string): string =>
    repository.gitWith({ args: ['hash-object', '-w', '--stdin'], input: content });

  it('shows links and submodules as what they are, also on the way', async () => {
    repository.commitTree(`120000 blob ${blob('/etc')}\tlink\n160000 commit ${repository.head()}\tmodule\n`);
    expect(await (await tree()).lookup('link')).toMatchObject({ kind: 'symlink', path: 'link' });
    expect(await (await tree()).lookup('link/passwd')).toMatchObject({ kind: 'symlink', path: 'link' });
    expect(await (await tree()).lookup('module')).toMatchObject({ kind: 'submodule' });
  });

  it.each([
    ['..', 'GIT_UNSAFE_PATH'],
    ['.git', 'GIT_UNSAFE_PATH'],
    ['.GIT', 'GIT_UNSAFE_PATH'],
    ['git~1', 'GIT_UNSAFE_PATH'],
    ['a\\b', 'GIT_UNSAFE_PATH'],
    ['a\u001b[31m', 'GIT_BAD_NAME'],
    ['\u202Egnp.exe', 'GIT_BAD_NAME'],
    ['.g\u200cit', 'GIT_BAD_NAME'],
    ['x'.repeat(101), 'GIT_BAD_NAME'],
    ['ends ', 'GIT_BAD_NAME'],
  ])('refuses the name %j with %s where it is read', async (name, code) => {
    await expect((await tree()).lookup(`stacks/${name}`)).rejects.toMatchObject({ code });
  });

  it('escapes a refused name in its message', async () => {
    await expect((await tree()).lookup('a\u001b[31m')).rejects.toThrow(
      'Cannot read a\\u{1b}[31m: the name has characters',
    );
  });

  it('refuses a bad name in a folder that is listed, and does not mind it elsewhere', async () => {
    const bad = repository.gitWith({ args: ['mktree', '-z'], input: `100644 blob ${blob('x')}\ta\nb\0` });
    repository.commitTree(`040000 tree ${bad}\tbad\n100644 blob ${blob('y')}\tgood\n`);
    const folder = await (await tree()).lookup('bad');
    await expect(folder?.kind === 'folder' ? folder.list() : undefined).rejects.toMatchObject({ code: 'GIT_BAD_NAME' });
    expect(await (await tree()).lookup('good')).toMatchObject({ kind: 'file' });
  });

  it('refuses names that differ in case only, where they are read', async () => {
    repository.commitTree(
      `100644 blob ${blob('x')}\tWeb1\n100644 blob ${blob('y')}\tweb1\n100644 blob ${blob('z')}\tother\n`,
    );
    await expect((await tree()).lookup('web1')).rejects.toMatchObject({ code: 'GIT_DUPLICATE_PATH' });
    expect(await (await tree()).lookup('other')).toMatchObject({ kind: 'file' });
    const root = await (await tree()).lookup('');
    await expect(root?.kind === 'folder' ? root.list() : undefined).rejects.toMatchObject({
      code: 'GIT_DUPLICATE_PATH',
    });
  });

  it('refuses a file above 1 MiB by its path, and a Git LFS pointer', async () => {
    repository
      .write('big', Buffer.alloc(1024 * 1024 + 1))
      .write('lfs', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')
      .commit();
    const big = await (await tree()).lookup('big');
    await expect(big?.kind === 'file' ? big.bytes() : undefined).rejects.toMatchObject({
      code: 'GIT_FILE_TOO_LARGE',
      place: { file: 'big' },
    });
    const lfs = await (await tree()).lookup('lfs');
    await expect(lfs?.kind === 'file' ? lfs.bytes() : undefined).rejects.toMatchObject({ code: 'GIT_LFS_POINTER' });
  });

  it('refuses a path that is too deep', async () => {
    await expect((await tree()).lookup(Array.from({ length: 17 }, () => 'a').join('/'))).rejects.toMatchObject({
      code: 'GIT_TREE_TOO_LARGE',
    });
  });

  it('cuts and escapes what a commit says of itself', async () => {
    repository.commit(`evil \u001b[31m${'x'.repeat(5_000_000)}\n\nbody`);
    const commit = await readCommit(store, repository.head());
    expect([...commit.subject]).toHaveLength(200);
    expect(commit.subject).toMatch(/^evil \\u\{1b\}\[31mx+…$/);
    expect(commit.author).toBe('Ada <ada@example.com>');
    expect(commit.committedAtMs).toBeGreaterThan(1_600_000_000_000);
    expect(commit.parents).toHaveLength(1);
  });
});
