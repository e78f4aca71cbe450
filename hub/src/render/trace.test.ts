import { describe, expect, it } from 'vitest';
import { type MemoEntry, MemoIndex } from './memo.ts';
import { Recorder } from './trace.ts';
import { MemoryTree } from './tree.fake.ts';
import { layered } from './variables.ts';

const base = new MemoryTree({ 'a/compose.yaml': 'x', 'a/conf/one': '1', 'b/other': 'y' });
const wanted = { stack: 'a', folder: 'a', directory: '', files: ['compose.yaml'], after: [] as readonly string[] };

/** Renders as a stack would that reads one file, looks for one that is missing, lists a folder and asks for two variables. */
async function entry(): Promise<MemoEntry> {
  const recorder = new Recorder();
  const reader = recorder.reader(base);
  await reader.lookup('a/compose.yaml');
  await reader.lookup('a/.hidden');
  const conf = await reader.lookup('a/conf');
  if (conf?.kind === 'folder') for (const child of await conf.list()) if (child.kind === 'file') await child.bytes();
  const variables = recorder.source(layered([{ SITE: 'eu', OTHER: 'unread' }]));
  variables.get('SITE');
  variables.get('MISSING');
  return { ...wanted, ...recorder.trace(), result: { kind: 'failed', problems: [] } };
}

async function isFound(
  tree: MemoryTree,
  variables: Record<string, string>,
  changes: Partial<typeof wanted> = {},
): Promise<boolean> {
  const index = new MemoIndex(tree, [await entry()]);
  return (await index.find({ ...wanted, ...changes }, layered([variables]))) !== undefined;
}

describe('a rendering', () => {
  it('is used again while all it looked at is the same', async () => {
    expect(await isFound(base, { SITE: 'eu' })).toBe(true);
    expect(await isFound(base.with({ 'b/other': 'changed', 'a/new': 'x' }), { SITE: 'eu', OTHER: 'changed' })).toBe(
      true,
    );
  });

  it('is not used when a file, a missing path, a listed folder or a variable differs', async () => {
    expect(await isFound(base.with({ 'a/compose.yaml': 'changed' }), { SITE: 'eu' })).toBe(false);
    expect(await isFound(base.with({ 'a/.hidden': 'now there' }), { SITE: 'eu' })).toBe(false);
    expect(await isFound(base.with({ 'a/conf/two': 'new' }), { SITE: 'eu' })).toBe(false);
    expect(await isFound(base, { SITE: 'us' })).toBe(false);
    expect(await isFound(base, {})).toBe(false);
    expect(await isFound(base, { SITE: 'eu', MISSING: '' })).toBe(false);
  });

  it('is not used for another stack, folder or list of files', async () => {
    expect(await isFound(base, { SITE: 'eu' }, { stack: 'b' })).toBe(false);
    expect(await isFound(base, { SITE: 'eu' }, { folder: 'b' })).toBe(false);
    expect(await isFound(base, { SITE: 'eu' }, { directory: '/opt/a' })).toBe(false);
    expect(await isFound(base, { SITE: 'eu' }, { files: ['compose.yaml', 'more.yaml'] })).toBe(false);
  });

  it('may not read more than its limits', async () => {
    const read = async (limits: { maxBytes: number; maxFiles: number }): Promise<void> => {
      const reader = new Recorder(limits).reader(base);
      for (const path of ['a/compose.yaml', 'a/conf/one']) {
        const file = await reader.lookup(path);
        if (file?.kind === 'file') await file.bytes();
      }
    };
    await expect(read({ maxBytes: 2, maxFiles: 2 })).resolves.toBeUndefined();
    await expect(read({ maxBytes: 1, maxFiles: 2 })).rejects.toMatchObject({ code: 'GIT_TREE_TOO_LARGE' });
    await expect(read({ maxBytes: 2, maxFiles: 1 })).rejects.toMatchObject({ code: 'GIT_TREE_TOO_LARGE' });
  });
});
