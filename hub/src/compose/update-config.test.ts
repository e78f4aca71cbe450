import { describe, expect, test } from 'vitest';
import { loadMemory, memoryRefusal, memoryService } from './memory-project.fake.ts';

const START_FIRST = 'deploy: { update_config: { order: start-first } }';

/** Warnings about service `web` with these attributes. */
async function warningsOf(attributes: string, others = ''): Promise<string[]> {
  const indented = attributes.replaceAll('\n', '\n    ');
  const { warnings } = await loadMemory({
    files: { 'compose.yaml': `services:\n  web:\n    image: x\n    ${indented}\n${others}volumes: { data: }\n` },
  });
  return warnings.map(({ message }) => message);
}

describe('how containers make way for new ones', () => {
  test.each([
    ['restart: always', undefined],
    ['deploy: { update_config: {} }', undefined],
    ['deploy: { update_config: { order: stop-first } }', undefined],
    ['deploy: { update_config: { parallelism: 0 } }', undefined],
    ['deploy: { update_config: { parallelism: 2 } }', { startFirst: false, parallelism: 2 }],
    [START_FIRST, { startFirst: true, parallelism: 1 }],
    ['deploy: { update_config: { order: start-first, parallelism: 0 } }', { startFirst: true, parallelism: 0 }],
    [
      `ports: [80]\nvolumes: ["data:/d:ro", "/etc:/e:ro"]\ntmpfs: /t\n${START_FIRST}`,
      { startFirst: true, parallelism: 1 },
    ],
    // Links of its own, to others, and devices are as good for two.
    [
      `links: [db]\nexternal_links: [other]\ndevices: [/dev/null]\n${START_FIRST}`,
      { startFirst: true, parallelism: 1 },
    ],
    // Replicas write to it side by side anyway.
    [`volumes: ["data:/d"]\nscale: 2\n${START_FIRST}`, { startFirst: true, parallelism: 1 }],
  ])('%s', async (attributes, update) => {
    expect((await memoryService(attributes)).update).toEqual(update);
    expect(await warningsOf(attributes, '  db: { image: y }\n')).toEqual([]);
  });

  test.each([
    ['ports: ["80:80"]', 'port 80 of the host has one holder'],
    ['network_mode: host', 'its ports are those of the host'],
    ['volumes: ["data:/d"]', 'both would write to /d'],
    ['volumes: ["/srv:/d"]', 'both would write to /d'],
    ['volumes: ["/d"]\nscale: 2', 'the volume at /d is handed over'],
    ['network_mode: service:db', 'it shares namespaces of service "db"'],
    ['pid: service:db', 'it shares namespaces of service "db"'],
    ['mac_address: 02:42:ac:11:00:02', 'address 02:42:ac:11:00:02 has one holder'],
    ['volumes_from: [db]', 'both would mount the volumes of service:db'],
    ['volumes_from: ["container:other"]', 'both would mount the volumes of other'],
  ])('falls back to stopping first with a warning: %s', async (attributes, why) => {
    const whole = `${attributes}\n${START_FIRST}`;
    expect((await memoryService(whole)).update).toEqual({ startFirst: false, parallelism: 1 });
    expect(await warningsOf(whole, '  db: { image: y }\n')).toEqual([
      `Cannot use services.web.deploy.update_config.order: it is ignored: it cannot start before the old one stops: ${why}`,
    ]);
  });

  test.each([
    ['network_mode: "service:web"', 'another service shares its namespaces'],
    ['volumes_from: [web]', 'another service mounts its volumes'],
    ['links: [web]', 'another service links to its containers'],
  ])('falls back where another service says %s', async (use, why) => {
    expect(await warningsOf(START_FIRST, `  guest: { image: y, ${use} }\n`)).toEqual([expect.stringContaining(why)]);
  });

  test('an order that is none is refused', async () => {
    expect(await memoryRefusal('deploy: { update_config: { order: first } }')).toBe('COMPOSE_VALUE 4:39');
  });
});
