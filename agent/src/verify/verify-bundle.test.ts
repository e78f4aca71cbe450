import {
  Bundle,
  ContainerSpec,
  containerSpecDigest,
  digestOf,
  type Mount,
  TreeMount,
  treeDigest,
} from '@mooring/proto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BundleDraft, bundleOf, FakeSigner, fileMount, mountOf, NO_OBJECT } from './signer.fake.ts';
import { verifyBundle } from './verify-bundle.ts';

const signer = new FakeSigner();
const content = Buffer.from('server {}');

/** Verifies what was sealed under the name of a stack. */
function verify(plain: Uint8Array, stack = 'shop'): Bundle {
  const opener = signer.seal(plain);
  return verifyBundle({ stack, ciphertext: signer.objects.get(opener.object) ?? Buffer.of(), opener });
}
const encoded = (draft: BundleDraft, stack = 'shop') => Bundle.encode(bundleOf(stack, draft)).finish();

function refusalOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'accepted';
}
const refusal = (draft: BundleDraft) => refusalOf(() => verify(encoded(draft)));
const mounting = (...mounts: Mount[]) => refusal({ mounts, contents: [content] });

describe('a bundle', () => {
  test('that is what the assignment names is read', () => {
    const draft = { mounts: [fileMount('/etc/nginx.conf', content)], contents: [content] };
    expect(verify(encoded(draft))).toEqual(bundleOf('shop', draft));
  });

  test('is opened before it is read, and refused when its bytes or its key are others', () => {
    const opener = signer.seal(encoded({}));
    const ciphertext = signer.objects.get(opener.object) ?? Buffer.of();
    expect(refusalOf(() => verifyBundle({ stack: 'shop', ciphertext: Buffer.from('x'), opener }))).toBe(
      'OBJECT_DIGEST',
    );
    const otherKey = { ...opener, key: Buffer.alloc(32) };
    expect(refusalOf(() => verifyBundle({ stack: 'shop', ciphertext, opener: otherKey }))).toBe('OBJECT_SEAL');
    const otherContent = { ...opener, plainDigest: NO_OBJECT };
    expect(refusalOf(() => verifyBundle({ stack: 'shop', ciphertext, opener: otherContent }))).toBe('OBJECT_DIGEST');
  });

  test('that is no bundle is refused', () => {
    expect(refusalOf(() => verify(Buffer.of(0xff, 0xff)))).toBe('BUNDLE_FORMAT');
  });

  test('that needs what this agent does not know is refused with the names of it', () => {
    const draft: BundleDraft = { spoil: (bundle) => ({ ...bundle, requires: ['core.v1', 'gpu.v9'] }) };
    expect(() => verify(encoded(draft))).toThrow('its bundle needs gpu.v9; features that this agent knows are wanted');
    expect(refusal(draft)).toBe('BUNDLE_FEATURE_UNKNOWN');
    expect(refusal({ spoil: (bundle) => ({ ...bundle, format: 2 }) })).toBe('BUNDLE_FEATURE_UNKNOWN');
  });

  test('is refused for a feature first, then for a field, then for its name', () => {
    // Field 900, a varint: what a newer hub might add without a feature of its own.
    const field = Buffer.of(0xa0, 0x38, 0x01);
    const other = (requires: string[]) => encoded({ spoil: (bundle) => ({ ...bundle, requires }) }, 'blog');
    const both = Buffer.concat([other(['gpu.v9']), field]);
    expect(refusalOf(() => verify(both))).toBe('BUNDLE_FEATURE_UNKNOWN');
    expect(refusalOf(() => verify(Buffer.concat([other(['core.v1']), field])))).toBe('BUNDLE_FORMAT');
    expect(refusalOf(() => verify(other(['core.v1'])))).toBe('BUNDLE_WRONG_STACK');
  });

  const spoils: Record<string, (bundle: Bundle) => Bundle> = {
    'a service that is not what its digest says': (bundle) => ({
      ...bundle,
      services: bundle.services.map((service) => ({ ...service, specDigest: containerSpecDigest(container('evil')) })),
    }),
    'a service without a container': (bundle) => ({
      ...bundle,
      services: bundle.services.map((service) => ({ ...service, container: undefined })),
    }),
    'a service twice': (bundle) => ({ ...bundle, services: [...bundle.services, ...bundle.services] }),
    'a network that is not what its digest says': (bundle) =>
      Bundle.fromPartial({ ...bundle, networks: [{ key: 'back', name: 'shop_back', specDigest: 'v1:00' }] }),
    'a volume that is not what its digest says': (bundle) =>
      Bundle.fromPartial({ ...bundle, volumes: [{ key: 'data', name: 'shop_data', specDigest: 'v1:00' }] }),
  };
  const container = (image: string) => ContainerSpec.fromPartial({ image });

  test.each(Object.entries(spoils))('with %s is refused', (_, spoil) => {
    expect(refusal({ spoil })).toBe('BUNDLE_FORMAT');
  });
});

describe('a mount', () => {
  const to = (target: string) => mounting(fileMount(target, content));

  test.each(['/etc/nginx.conf', '/a', '/a b/ü', '/.hidden', '/..a'])('may go to %s', (target) => {
    expect(to(target)).toBe('accepted');
  });

  test.each(['', 'etc', '/etc/', '//etc', '/etc//x', '/./etc', '/../etc', '/etc/..', '/a\0b', `/${'a'.repeat(256)}`])(
    'may not go to %j',
    (target) => {
      expect(to(target)).toBe('BUNDLE_PATH');
    },
  );

  test('goes to one place only once in a container, and never over its root', () => {
    const tmpfs = mountOf('/run', { $case: 'tmpfs', value: { sizeBytes: 0n, mode: 0o1777 } });
    expect(mounting(fileMount('/run', content), tmpfs)).toBe('BUNDLE_PATH');
    expect(mounting(fileMount('/run/a', content), tmpfs)).toBe('accepted');
    expect(to('/')).toBe('BUNDLE_PATH');
  });

  test('has names that a file system can hold, counted in bytes', () => {
    expect(to(`/${'a'.repeat(255)}`)).toBe('accepted');
    expect(to(`/${'ü'.repeat(127)}`)).toBe('accepted');
    expect(to(`/${'ü'.repeat(128)}`)).toBe('BUNDLE_PATH');
  });

  test('has a bounded path', () => {
    const deep = '/a'.repeat(1536);
    expect(to(deep)).toBe('accepted');
    expect(to(`${deep}b`)).toBe('BUNDLE_PATH');
  });

  test('of data stays inside the folder of its stack', () => {
    const from = (value: string) => mounting(mountOf('/data', { $case: 'dataPath', value }));
    expect(from('uploads/new')).toBe('accepted');
    for (const path of ['', '/etc', '..', 'a/../../b', 'a//b', './a']) expect(from(path), path).toBe('BUNDLE_PATH');
  });

  test('of the host is absolute and clean, and may be all of it', () => {
    const from = (value: string) => mounting(mountOf('/host', { $case: 'hostPath', value }));
    expect(from('/')).toBe('accepted');
    expect(from('/var/run/docker.sock')).toBe('accepted');
    for (const path of ['', 'var', '/var/../etc']) expect(from(path), path).toBe('BUNDLE_PATH');
  });

  test('of a content that the bundle does not list is refused', () => {
    expect(refusal({ mounts: [fileMount('/x', content)] })).toBe('BUNDLE_FORMAT');
    const value = { digest: '../../etc/shadow', executable: false };
    expect(mounting(mountOf('/x', { $case: 'file', value }))).toBe('BUNDLE_FORMAT');
  });

  test('never makes a path that leaves its folder, whatever its segments', async () => {
    const segment = fc.constantFrom('a', '.', '..', '', '...', 'b');
    const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => segments.join('/'));
    await fc.assert(
      fc.property(path, (value) => {
        const clean = value.split('/').every((part) => !['', '.', '..'].includes(part));
        expect(mounting(mountOf('/data', { $case: 'dataPath', value }))).toBe(clean ? 'accepted' : 'BUNDLE_PATH');
      }),
    );
  });
});

describe('a mounted folder', () => {
  const digest = digestOf(content);
  const folder = (paths: readonly string[], change: Partial<TreeMount> = {}) => {
    const entries = paths.map((path) => ({ path, digest, executable: false }));
    const tree = TreeMount.fromPartial({ entries, ...change });
    return mounting(
      mountOf('/site', { $case: 'tree', value: { digest: treeDigest(tree), ...change, entries: tree.entries } }),
    );
  };

  test('may hold files in folders', () => {
    expect(folder(['index.html', 'css/a.css', 'css/b.css'])).toBe('accepted');
  });

  test('that is not what its digest says is refused', () => {
    expect(folder(['index.html'], { digest: NO_OBJECT })).toBe('BUNDLE_FORMAT');
  });

  test('with an entry that leaves it, or is there twice, is refused', () => {
    for (const path of ['../x', '/x', 'a//b', '', 'a/.']) expect(folder([path]), path).toBe('BUNDLE_PATH');
    expect(folder(['a', 'a'])).toBe('BUNDLE_PATH');
  });

  test('with an entry that is a file and a folder is refused', () => {
    expect(folder(['a', 'a/b'])).toBe('BUNDLE_PATH');
    expect(folder(['a/b/c', 'a'])).toBe('BUNDLE_PATH');
    expect(folder(['a', 'ab/c'])).toBe('accepted');
  });

  test('with a content that the bundle does not list is refused', () => {
    const entries = [{ path: 'a', digest: NO_OBJECT, executable: false }];
    expect(folder([], { entries })).toBe('BUNDLE_FORMAT');
  });
});
