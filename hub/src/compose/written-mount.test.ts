import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';
import { PLAIN_MOUNT } from './mount-target.ts';

const PLAIN = { readOnly: false, ...PLAIN_MOUNT };

describe('a mount', () => {
  test.each([
    ['data:/d:ro', { ...PLAIN, readOnly: true }],
    ['data:/d:rw,nocopy', { ...PLAIN, noCopy: true }],
    ['data:/d:Z', { ...PLAIN, selinux: 'Z' }],
    ['/srv:/d:ro,z,rslave', { ...PLAIN, readOnly: true, selinux: 'z', propagation: 'rslave' }],
    ['/srv:/d:delegated', PLAIN],
  ])('%s', async (text, options) => {
    const { mounts } = await memoryService(`volumes: ["${text}"]`);
    expect(mounts).toMatchObject([{ target: '/d', ...options }]);
  });

  test.each([
    ['{ type: bind, source: /srv, target: /d, bind: { create_host_path: false } }', { ...PLAIN, mustExist: true }],
    [
      '{ type: bind, source: /srv, target: /d, bind: { create_host_path: true, selinux: Z } }',
      { ...PLAIN, selinux: 'Z' },
    ],
    ['{ type: bind, source: /srv, target: /d, bind: { propagation: rshared } }', { ...PLAIN, propagation: 'rshared' }],
    ['{ type: volume, source: data, target: /d, volume: { nocopy: true } }', { ...PLAIN, noCopy: true }],
  ])('%s', async (text, options) => {
    const { mounts } = await memoryService(`volumes: [${text}]`);
    expect(mounts).toMatchObject([{ target: '/d', ...options }]);
  });

  test('of what is in Git exists, whatever the file asks', async () => {
    const { mounts } = await memoryService(
      'volumes: [{ type: bind, source: ./f, target: /f, bind: { create_host_path: false } }]',
      { files: { f: 'f' } },
    );
    expect(mounts).toMatchObject([{ readOnly: true, mustExist: false, source: { kind: 'file' } }]);
  });

  test.each([
    // Docker compose ignores a mistyped option, and mounts with the right to write.
    ['volumes: ["data:/d:roo"]', 'COMPOSE_VOLUME 4:15'],
    ['volumes: ["data:/d:rslave"]', 'COMPOSE_VOLUME 4:15'],
    ['volumes: ["/srv:/d:nocopy"]', 'COMPOSE_VOLUME 4:15'],
    ['volumes: [{ type: bind, source: /srv, target: /d, bind: { propagation: up } }]', 'COMPOSE_VOLUME 4:76'],
    ['volumes: [{ type: volume, source: data, target: /d, volume: { subpath: ../a } }]', 'COMPOSE_VOLUME 4:76'],
    ['volumes: [{ type: image, target: /d }]', 'COMPOSE_VOLUME 4:15'],
    ['volumes: [{ type: image, source: X, target: /d }]', 'IMAGE_REF 4:38'],
    ['volumes: [{ type: npipe, source: x, target: /d }]', 'COMPOSE_UNSUPPORTED_KEY 4:15'],
    ['volumes: [{ type: bind, source: /s, target: /d, bind: { recursive: writable } }]', 'COMPOSE_VOLUME 4:15'],
    [
      'volumes: [{ type: bind, source: /s, target: /d, read_only: true, bind: { recursive: readonly } }]',
      'COMPOSE_VOLUME 4:15',
    ],
    ['volumes: ["data:/"]', 'COMPOSE_VOLUME 4:15'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});

describe('tmpfs', () => {
  test('keeps its options as they are written', async () => {
    const { mounts } = await memoryService('tmpfs: ["/run:size=16M,mode=1750,exec", /tmp/]');
    expect(mounts.map(({ target, source }) => [target, source.kind === 'tmpfs' && source.options])).toEqual([
      ['/run', 'size=16M,mode=1750,exec'],
      ['/tmp', ''],
    ]);
    expect((await memoryService('tmpfs: /tmp')).mounts.length).toBe(1);
  });

  test('over another mount is refused', async () => {
    expect(await memoryRefusal('tmpfs: /d\nvolumes: ["data:/d"]')).toBe('COMPOSE_CONFLICT 3:5');
    expect(await memoryRefusal('tmpfs: tmp')).toBe('COMPOSE_VOLUME 4:12');
  });
});
