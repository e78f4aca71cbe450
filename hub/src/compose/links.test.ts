import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

const STARTED = { condition: 'service_started', required: true } as const;

describe('what a service uses of others', () => {
  test('are links to services, which it follows, and to containers', async () => {
    const { links, dependsOn } = await memoryService('links: ["db:store"]\nexternal_links: [other, "far:near"]');
    expect(links).toEqual([
      { kind: 'service', name: 'db', alias: 'store' },
      { kind: 'container', name: 'other', alias: 'other' },
      { kind: 'container', name: 'far', alias: 'near' },
    ]);
    expect(dependsOn).toEqual([{ service: 'db', restart: true, ...STARTED }]);
  });

  test('are volumes of services, after which it only starts, and of containers', async () => {
    const { volumesFrom, dependsOn } = await memoryService('volumes_from: ["db:ro", "container:other:rw"]');
    expect(volumesFrom).toEqual(['service:db', 'other']);
    expect(dependsOn).toEqual([{ service: 'db', restart: false, ...STARTED }]);
  });

  test('waits as the file says where it says how', async () => {
    const attributes = 'links: [db]\ndepends_on: { db: { condition: service_healthy } }';
    const { dependsOn } = await memoryService(attributes);
    expect(dependsOn).toEqual([{ service: 'db', condition: 'service_healthy', restart: false, required: true }]);
  });

  test('are details of the runtime', async () => {
    const service = await memoryService(
      'annotations: [b=2, a=1]\nruntime: runsc\nstorage_opt: { size: 1G }\ncgroup: private\ncpu_percent: 50',
    );
    expect(service).toMatchObject({
      annotations: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
      runtime: 'runsc',
      storageOptions: [{ name: 'size', value: '1G' }],
      namespaces: { cgroupMode: 'private' },
    });
  });

  test.each([
    ['links: [nobody]', 'COMPOSE_DEPENDS_UNKNOWN 4:13'],
    ['links: [web]', 'COMPOSE_DEPENDS_UNKNOWN 4:13'],
    ['links: ["a:b:c"]', 'COMPOSE_VALUE 4:13'],
    ['volumes_from: [db, nobody]', 'COMPOSE_DEPENDS_UNKNOWN 4:24'],
    ['volumes_from: ["db:rx"]', 'COMPOSE_VALUE 4:20'],
    ['volumes_from: ["container:"]', 'COMPOSE_VALUE 4:20'],
    ['network_mode: bridge\nlinks: [db]', 'COMPOSE_CONFLICT 5:12'],
    ['cgroup: own', 'COMPOSE_VALUE 4:13'],
    ['annotations: { "": x }', 'COMPOSE_VALUE 4:18'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
