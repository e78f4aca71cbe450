import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ObjectStore } from './git-objects.ts';
import { TestRepository } from './repository.fake.ts';

const LIMIT = 1024 * 1024;

describe('the object store', () => {
  let repository: TestRepository;
  let store: ObjectStore;

  beforeEach(() => {
    repository = new TestRepository();
    store = new ObjectStore(join(repository.folder, '.git'));
  });

  afterEach(async () => {
    await store.close();
    repository.remove();
  });

  /** Every object as git itself reads it. */
  function allObjects(): readonly { oid: string; type: string; content: Buffer }[] {
    const list = repository.git('cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objecttype)');
    return list.split('\n').map((line) => {
      const [oid = '', type = ''] = line.split(' ');
      return {
        oid,
        type,
        content: execFileSync('git', ['cat-file', type, oid], { cwd: repository.folder, maxBuffer: 1 << 26 }),
      };
    });
  }

  it('reads every loose object as git does', async () => {
    repository.write('a/b.txt', 'hello\n').write('empty', '').commit();
    for (const { oid, type, content } of allObjects()) expect(await store.read(oid, LIMIT)).toEqual({ type, content });
  });

  it('reads every packed object, deltas and their chains included, as git does', async () => {
    let text = randomBytes(20_000).toString('hex');
    for (let index = 0; index < 30; index += 1) {
      text = `${text.slice(0, 500 * index)}line ${index}\n${text.slice(500 * index)}`;
      repository.write('file.txt', text).write(`folder/${index}.txt`, `${index}`).commit();
    }
    repository.git('repack', '-q', '-a', '-d', '-f', '--depth=40');
    expect(repository.git('verify-pack', '-v', ...packs('.idx'))).toContain('chain length = 1');
    const objects = allObjects();
    expect(objects.length).toBeGreaterThan(100);
    for (const { oid, type, content } of objects) {
      const object = await store.read(oid, LIMIT);
      expect(object.type).toBe(type);
      expect(object.content.equals(content)).toBe(true);
    }
  });

  function packs(ending: string): string[] {
    const folder = join(repository.folder, '.git/objects/pack');
    return readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => join(folder, name));
  }

  it('refuses what is not there', async () => {
    await expect(store.read('0'.repeat(40), LIMIT)).rejects.toMatchObject({ code: 'GIT_OBJECT_MISSING' });
  });

  it.each([false, true])('refuses an object above the limit before inflating it (packed: %s)', async (packed) => {
    repository.write('big', 'x'.repeat(LIMIT + 1)).commit();
    if (packed) repository.git('repack', '-q', '-a', '-d');
    const oid = repository.git('rev-parse', 'HEAD:big');
    await expect(store.read(oid, LIMIT)).rejects.toMatchObject({ code: 'GIT_OBJECT_TOO_LARGE', size: LIMIT + 1 });
  });

  function looseFile(oid: string): string {
    const path = join(repository.folder, '.git/objects', oid.slice(0, 2), oid.slice(2));
    chmodSync(path, 0o644);
    return path;
  }

  it('refuses an object that inflates to more than it states', async () => {
    repository.write('a', 'small').commit();
    const oid = repository.git('rev-parse', 'HEAD:a');
    writeFileSync(looseFile(oid), deflateSync(Buffer.concat([Buffer.from('blob 5\0'), Buffer.alloc(50_000_000)])));
    await expect(store.read(oid, LIMIT)).rejects.toMatchObject({ code: 'GIT_OBJECT_CORRUPT' });
  });

  it('refuses another content under the same name, garbage and a cut file', async () => {
    repository.write('a', 'small').commit();
    const oid = repository.git('rev-parse', 'HEAD:a');
    const path = looseFile(oid);
    const good = readFileSync(path);
    for (const content of [
      deflateSync(Buffer.from('blob 5\0smelt')),
      Buffer.from('garbage'),
      good.subarray(0, good.length - 3),
      Buffer.alloc(0),
    ]) {
      writeFileSync(path, content);
      await expect(store.read(oid, LIMIT)).rejects.toMatchObject({ code: 'GIT_OBJECT_CORRUPT' });
    }
  });

  it('refuses a pack whose bytes were changed', async () => {
    repository.write('a', randomBytes(3000).toString('hex')).commit();
    repository.git('repack', '-q', '-a', '-d');
    const [pack = ''] = packs('.pack');
    chmodSync(pack, 0o644);
    const bytes = readFileSync(pack);
    for (let index = 100; index < bytes.length - 20; index += 7) bytes[index] = (bytes[index] ?? 0) ^ 0xff;
    writeFileSync(pack, bytes);
    await expect(store.read(repository.git('hash-object', 'a'), LIMIT)).rejects.toMatchObject({
      code: 'GIT_OBJECT_CORRUPT',
    });
  });

  it('says that an object is missing when its pack is gone', async () => {
    repository.write('a', 'x').commit();
    const oid = repository.git('rev-parse', 'HEAD:a');
    rmSync(looseFile(oid));
    await expect(store.read(oid, LIMIT)).rejects.toMatchObject({ code: 'GIT_OBJECT_MISSING' });
  });
});
