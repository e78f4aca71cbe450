import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderTree } from './folder.ts';

describe('the files of a folder', () => {
  let folder: string;
  let tree: FolderTree;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mooring-folder-'));
    mkdirSync(join(folder, 'stacks/.git'), { recursive: true });
    writeFileSync(join(folder, 'stacks/run.sh'), 'x');
    chmodSync(join(folder, 'stacks/run.sh'), 0o755);
    writeFileSync(join(folder, 'stacks/same'), 'x');
    symlinkSync('/etc', join(folder, 'link'));
    tree = new FolderTree(folder);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('are read as if they were committed', async () => {
    const file = await tree.lookup('stacks/run.sh');
    expect(file).toMatchObject({ kind: 'file', path: 'stacks/run.sh', executable: true });
    expect(file?.kind === 'file' && Buffer.from(await file.bytes()).toString()).toBe('x');
    expect((await tree.lookup('stacks/same'))?.oid).toBe(file?.oid);
    const stacks = await tree.lookup('stacks');
    expect(stacks?.kind === 'folder' && (await stacks.list()).map(({ path }) => path)).toEqual([
      'stacks/run.sh',
      'stacks/same',
    ]);
    expect(await tree.lookup('')).toMatchObject({ kind: 'folder', path: '' });
    expect(await tree.lookup('none')).toBeUndefined();
    expect(await tree.lookup('stacks/same/x')).toBeUndefined();
  });

  it('end at links, at .git and at the folder itself', async () => {
    expect(await tree.lookup('link')).toMatchObject({ kind: 'symlink' });
    expect(await tree.lookup('link/passwd')).toMatchObject({ kind: 'symlink', path: 'link' });
    await expect(tree.lookup('stacks/.git')).rejects.toMatchObject({ code: 'GIT_UNSAFE_PATH' });
    await expect(tree.lookup('../x')).rejects.toMatchObject({ code: 'GIT_UNSAFE_PATH' });
  });

  it('have the limits of committed files', async () => {
    writeFileSync(join(folder, 'big'), Buffer.alloc(1024 * 1024 + 1));
    const big = await tree.lookup('big');
    await expect(big?.kind === 'file' ? big.bytes() : undefined).rejects.toMatchObject({ code: 'GIT_FILE_TOO_LARGE' });
  });
});
