import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

describe('devices', () => {
  test.each([
    ['/dev/null', '/dev/null /dev/null rwm'],
    ['/dev/null:r', '/dev/null /dev/null r'],
    ['/dev/null:/dev/x', '/dev/null /dev/x rwm'],
    ['/dev/null:/dev/x:rw', '/dev/null /dev/x rw'],
  ])('%s', async (text, device) => {
    const { devices } = await memoryService(`devices: ["${text}"]`);
    expect(devices.map(({ source, target, permissions }) => `${source} ${target} ${permissions}`)).toEqual([device]);
  });

  test('have one source for each target, the later one, and are sorted', async () => {
    const { devices } = await memoryService(
      'devices: ["/dev/b:/dev/x", { source: /dev/c, target: /dev/a }, "/dev/d:/dev/x:r"]',
    );
    expect(devices).toEqual([
      { source: '/dev/c', target: '/dev/a', permissions: 'rwm' },
      { source: '/dev/d', target: '/dev/x', permissions: 'r' },
    ]);
  });

  test.each([
    ['devices: ["a:b:c:d"]', 'COMPOSE_VALUE 4:15'],
    ['devices: [dev/null]', 'COMPOSE_VALUE 4:15'],
    ['devices: ["/dev/null:/dev/x:rr"]', 'COMPOSE_VALUE 4:15'],
    ['devices: [{ target: /dev/x }]', 'COMPOSE_VALUE 4:15'],
    ['devices: ["vendor.example/class="]', 'COMPOSE_VALUE 4:15'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
