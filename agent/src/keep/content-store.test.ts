import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { digestHex, digestOf, type Mount, TreeMount, treeDigest } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { bundleOf, fileMount, mountOf } from '../verify/signer.fake.ts';
import { ContentStore, contentName } from './content-store.ts';
import { FailingDisk } from './disk.fake.ts';
import { temporaryFolder } from './temporary-folder.fake.ts';

const conf = Buffer.from('server {}');
const page = Buffer.from('<h1>hello</h1>');
const contents = new Map([conf, page].map((content) => [digestOf(content) as string, content]));
const open = (digest: string) => contents.get(digest) ?? Buffer.of();
const refused = (code: string) => expect.objectContaining({ code });

function opened() {
  const data = temporaryFolder();
  const disk = new FailingDisk();
  const store = new ContentStore(data, disk);
  const materialise = (...mounts: Mount[]) =>
    store.materialise(bundleOf('shop', { mounts, contents: [conf, page] }), open);
  return { data, disk, store, materialise };
}

function treeMount(paths: readonly string[]): { mount: Mount; digest: string } {
  const entries = paths.map((path, index) => ({
    path,
    digest: digestOf(index === 0 ? conf : page),
    executable: false,
  }));
  const tree = TreeMount.fromPartial({ entries });
  const digest = treeDigest(tree);
  return { mount: mountOf('/site', { $case: 'tree', value: { ...tree, digest } }), digest };
}

describe('an object', () => {
  const object = digestOf(conf);

  test('is given back as it was written', () => {
    const { store } = opened();
    expect(store.readObject(object)).toBeUndefined();
    store.writeObject(object, conf);
    expect(store.readObject(object)).toEqual(conf);
  });

  test('that is damaged is thrown away, so that it is fetched again', () => {
    const { store, data } = opened();
    const path = join(data, 'objects', digestHex(object));
    store.writeObject(object, conf);
    rmSync(path);
    writeFileSync(path, 'server {');
    expect(store.readObject(object)).toBeUndefined();
    expect(existsSync(path)).toBe(false);
  });

  test('whose place is taken by a folder is not there, and can be written', () => {
    const { store, data } = opened();
    mkdirSync(join(data, 'objects', digestHex(object), 'x'), { recursive: true });
    expect(store.readObject(object)).toBeUndefined();
    store.writeObject(object, conf);
    expect(store.readObject(object)).toEqual(conf);
  });

  test('that a bad disk does not take is refused, and leaves nothing', () => {
    const { store, disk, data } = opened();
    disk.remaining = 0;
    expect(() => store.writeObject(object, conf)).toThrow(refused('DISK_FULL'));
    expect(readdirSync(join(data, 'objects'))).toEqual([]);
  });
});

describe('a mounted content', () => {
  test('is a file that everybody may read and nobody may write', () => {
    const { store, materialise } = opened();
    materialise(fileMount('/etc/nginx.conf', conf));
    const path = store.content(digestOf(conf), false);
    expect(readFileSync(path)).toEqual(conf);
    expect(statSync(path).mode & 0o777).toBe(0o444);
  });

  test('is another file where it is to be run', () => {
    const { store, materialise } = opened();
    materialise(mountOf('/run.sh', { $case: 'file', value: { digest: digestOf(conf), executable: true } }));
    expect(statSync(store.content(digestOf(conf), true)).mode & 0o777).toBe(0o555);
    expect(existsSync(store.content(digestOf(conf), false))).toBe(false);
  });

  const damages: Record<string, (path: string) => void> = {
    'is gone': (path) => rmSync(path),
    'was changed': (path) => writeFileSync(path, 'server { evil }'),
    'may be written': (path) => chmodSync(path, 0o666),
    'became a folder, as an engine makes of a missing source': (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  };

  test.each(Object.entries(damages))('that %s is mended', (_, damage) => {
    const { store, materialise } = opened();
    materialise(fileMount('/etc/nginx.conf', conf));
    const path = store.content(digestOf(conf), false);
    damage(path);
    materialise(fileMount('/etc/nginx.conf', conf));
    expect(readFileSync(path)).toEqual(conf);
    expect(statSync(path).mode & 0o777).toBe(0o444);
  });

  test('that is sound is left alone', () => {
    const { store, materialise } = opened();
    materialise(fileMount('/etc/nginx.conf', conf));
    const before = statSync(store.content(digestOf(conf), false)).ino;
    materialise(fileMount('/etc/nginx.conf', conf));
    expect(statSync(store.content(digestOf(conf), false)).ino).toBe(before);
  });

  test('has no name that is not a digest', () => {
    expect(() => opened().store.content('../../etc/shadow', false)).toThrow(refused('BUNDLE_FORMAT'));
    expect(() => opened().store.tree('..')).toThrow(refused('BUNDLE_FORMAT'));
  });
});

describe('a mounted folder', () => {
  test('holds every entry, and whoever runs in a container may look into it', () => {
    const { store, materialise } = opened();
    const { mount, digest } = treeMount(['nginx.conf', 'html/de/index.html']);
    materialise(mount);
    expect(readFileSync(join(store.tree(digest), 'html/de/index.html'))).toEqual(page);
    for (const folder of ['', 'html', 'html/de'])
      expect(statSync(join(store.tree(digest), folder)).mode & 0o777).toBe(0o755);
  });

  const damages: Record<string, (path: string) => void> = {
    'lacks an entry': (path) => rmSync(join(path, 'html/index.html')),
    'has another file in place of an entry': (path) => {
      rmSync(join(path, 'html/index.html'));
      writeFileSync(join(path, 'html/index.html'), 'evil');
    },
    'has a changed entry': (path) => writeFileSync(join(path, 'html/index.html'), 'evil'),
    'has an entry too many': (path) => writeFileSync(join(path, 'html/evil.html'), 'evil'),
    'has a file in place of a folder': (path) => {
      rmSync(join(path, 'html'), { recursive: true });
      writeFileSync(join(path, 'html'), 'evil');
    },
    'is a file': (path) => {
      rmSync(path, { recursive: true });
      writeFileSync(path, 'evil');
    },
    'was left half made': (path) => {
      rmSync(path, { recursive: true });
      mkdirSync(`${path}.new/html`, { recursive: true });
    },
  };

  test.each(Object.entries(damages))('that %s is made anew', (_, damage) => {
    const { store, materialise, data } = opened();
    const { mount, digest } = treeMount(['nginx.conf', 'html/index.html']);
    materialise(mount);
    damage(store.tree(digest));
    materialise(mount);
    expect(readFileSync(join(store.tree(digest), 'html/index.html'))).toEqual(page);
    expect(readdirSync(store.tree(digest), { recursive: true }).sort()).toEqual([
      'html',
      'html/index.html',
      'nginx.conf',
    ]);
    expect(readdirSync(join(data, 'trees'))).toEqual([digestHex(digest as never)]);
  });

  test('is there whole or not at all after a failure anywhere', () => {
    const { mount, digest } = treeMount(['nginx.conf', 'html/index.html']);
    const undisturbed = opened();
    const callsBefore = undisturbed.disk.calls;
    undisturbed.materialise(mount);
    for (let remaining = 0; remaining < undisturbed.disk.calls - callsBefore; remaining += 1) {
      const { store, disk, materialise } = opened();
      disk.remaining = remaining;
      expect(() => materialise(mount)).toThrow(refused('DISK_FULL'));
      const there = existsSync(store.tree(digest));
      expect(there ? readdirSync(store.tree(digest)).sort() : ['html', 'nginx.conf']).toEqual(['html', 'nginx.conf']);
      disk.remaining = Number.POSITIVE_INFINITY;
      materialise(mount);
      expect(readFileSync(join(store.tree(digest), 'html/index.html'))).toEqual(page);
    }
  });
});

describe('a data folder', () => {
  const data = (value: string) => mountOf('/data', { $case: 'dataPath', value });

  test('is made once, for whoever runs in a container, and kept with what is in it', () => {
    const { store, materialise } = opened();
    materialise(data('uploads/new'));
    const path = store.data('shop', 'uploads/new');
    expect(statSync(path).mode & 0o777).toBe(0o755);
    writeFileSync(join(path, 'cat.jpg'), 'cat');
    materialise(data('uploads/new'));
    expect(readdirSync(path)).toEqual(['cat.jpg']);
  });

  test('may be a file', () => {
    const { store, materialise } = opened();
    materialise(data('state'));
    writeFileSync(join(store.data('shop', 'state'), 'db'), 'rows');
    expect(() => materialise(data('state/db'))).not.toThrow();
  });

  test('is never a link that a container made, nor behind one', () => {
    for (const link of ['uploads', 'uploads/new']) {
      const { store, materialise } = opened();
      const path = store.data('shop', link);
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync('/etc', path);
      expect(() => materialise(data('uploads/new'))).toThrow(refused('BUNDLE_PATH'));
    }
  });

  test('is not below a file that a container made', () => {
    const { store, materialise } = opened();
    materialise(data('state'));
    writeFileSync(join(store.data('shop', 'state'), 'db'), 'rows');
    expect(() => materialise(data('state/db/rows'))).toThrow(refused('BUNDLE_PATH'));
  });
});

describe('a sweep', () => {
  test('removes what is not wanted and no data', () => {
    const { data, store, materialise } = opened();
    const { mount, digest } = treeMount(['nginx.conf', 'html/index.html']);
    materialise(mount, mountOf('/data', { $case: 'dataPath', value: 'uploads' }));
    store.writeObject(digestOf(page), page);
    writeFileSync(join(data, 'objects', 'half.new'), 'half');
    const wanted = {
      objects: new Set<string>(),
      contents: new Set([contentName(digestOf(conf), false)]),
      trees: new Set<string>(),
    };
    store.sweep({ ...wanted, trees: new Set([digestHex(digest as never)]) });
    expect(readdirSync(join(data, 'content'))).toEqual([contentName(digestOf(conf), false)]);
    expect(readdirSync(join(data, 'objects'))).toEqual([]);
    expect(readFileSync(join(store.tree(digest), 'html/index.html'))).toEqual(page);
    store.sweep(wanted);
    expect(readdirSync(join(data, 'trees'))).toEqual([]);
    expect(existsSync(store.data('shop', 'uploads'))).toBe(true);
  });
});
