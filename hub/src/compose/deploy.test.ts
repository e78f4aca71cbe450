import { describe, expect, test } from 'vitest';
import { loadMemory, memoryRefusal, memoryService } from './memory-project.fake.ts';

describe('how many containers', () => {
  test.each([
    ['restart: always', 1],
    ['scale: 3', 3],
    ['scale: 0', 0],
    ['scale: 2\nports: ["8000-8001:80"]', 2],
    ['deploy: { replicas: 2 }', 2],
    ['scale: 2\ndeploy: { replicas: 2 }', 2],
    ['scale: 1\ncontainer_name: one', 1],
  ])('%s', async (attributes, replicas) => {
    expect((await memoryService(attributes)).replicas).toBe(replicas);
  });

  test.each([
    ['scale: 2\ndeploy: { replicas: 3 }', 'COMPOSE_CONFLICT 4:12'],
    ['scale: 2\ncontainer_name: one', 'COMPOSE_CONFLICT 4:12'],
    ['scale: 2\nports: ["80:80"]', 'PORT_CONFLICT 5:13'],
    ['scale: 1001', 'COMPOSE_QUANTITY 4:12'],
    ['scale: -1', 'COMPOSE_QUANTITY 4:12'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});

describe('when containers are restarted', () => {
  test.each([
    ['restart: always\ndeploy: { restart_policy: { condition: none } }', { name: 'no', maximumRetries: 0 }],
    ['deploy: { restart_policy: { condition: any, max_attempts: 3 } }', { name: 'always', maximumRetries: 0 }],
    [
      'deploy: { restart_policy: { condition: on-failure, max_attempts: 3 } }',
      { name: 'on-failure', maximumRetries: 3 },
    ],
    // The specification's default.
    ['deploy: { restart_policy: { delay: 5s } }', { name: 'always', maximumRetries: 0 }],
  ])('%s', async (attributes, restart) => {
    expect((await memoryService(attributes)).restart).toEqual(restart);
  });

  test('a condition that is unknown is refused', async () => {
    expect(await memoryRefusal('deploy: { restart_policy: { condition: often } }')).toBe('COMPOSE_VALUE 4:44');
  });
});

describe('what only Swarm reads', () => {
  test('is ignored with a warning for each, as docker compose ignores it', async () => {
    const deploy =
      '{ mode: global, labels: [a], placement: {}, update_config: { delay: 1s }, resources: { reservations: { cpus: "1" } }, restart_policy: { condition: any, window: 1s } }';
    const { warnings } = await loadMemory({
      files: { 'compose.yaml': `services:\n  web: { image: x, build: ., deploy: ${deploy} }\n` },
    });
    expect(warnings.map(({ code, place }) => `${code} ${place?.field}`)).toEqual([
      'COMPOSE_KEY_IGNORED services.web.deploy.mode',
      'COMPOSE_KEY_IGNORED services.web.deploy.labels',
      'COMPOSE_KEY_IGNORED services.web.deploy.placement',
      'COMPOSE_KEY_IGNORED services.web.deploy.restart_policy.window',
      'COMPOSE_KEY_IGNORED services.web.deploy.update_config.delay',
      'COMPOSE_KEY_IGNORED services.web.deploy.resources.reservations.cpus',
      'COMPOSE_KEY_IGNORED services.web.build',
    ]);
  });

  test('and not known to the specification is refused', async () => {
    expect(await memoryRefusal('deploy: { replica: 2 }')).toBe('COMPOSE_UNKNOWN_KEY 4:15');
    expect(await memoryRefusal('deploy: { resources: { reservations: { gpus: [] } } }')).toBe(
      'COMPOSE_UNKNOWN_KEY 4:44',
    );
  });
});
