import { describe, expect, test } from 'vitest';
import { countCpuTime } from './cpu-time.fake.ts';
import { loadMemory, memoryRefusal, memoryService, refusalOf } from './memory-project.fake.ts';

describe('a service', () => {
  test.each([
    [
      'logging: { driver: json-file, options: { max-size: 10m, max-file: 3 } }',
      {
        driver: 'json-file',
        options: [
          { name: 'max-file', value: '3' },
          { name: 'max-size', value: '10m' },
        ],
      },
    ],
    ['logging: { options: { tag: x } }', { driver: '', options: [{ name: 'tag', value: 'x' }] }],
    ['logging: {}', undefined],
  ])('%s', async (attributes, logging) => {
    expect((await memoryService(attributes)).logging).toEqual(logging);
  });

  test.each([
    ['pull_policy: always', 'always'],
    ['pull_policy: if_not_present', 'missing'],
    ['pull_policy: never', 'never'],
    ['restart: always', 'missing'],
  ])('%s', async (attributes, policy) => {
    expect((await memoryService(attributes)).pullPolicy).toBe(policy);
  });

  test('has a platform, a name of its container, and is attached to by nobody', async () => {
    const service = await memoryService('platform: linux/arm64/v8\ncontainer_name: the-one\nattach: false');
    expect(service).toMatchObject({ platform: 'linux/arm64/v8', containerName: 'the-one' });
  });

  test('waits for others by each condition', async () => {
    const { dependsOn } = await memoryService('depends_on: { db: { condition: service_completed_successfully } }');
    expect(dependsOn[0]?.condition).toBe('service_completed_successfully');
  });

  test.each([
    ['logging: { driver: none, options: { a: b } }', 'COMPOSE_CONFLICT 4:14'],
    ['pull_policy: daily', 'COMPOSE_UNSUPPORTED_KEY 4:18'],
    ['pull_policy: build', 'COMPOSE_UNSUPPORTED_KEY 4:18'],
    ['pull_policy: often', 'COMPOSE_VALUE 4:18'],
    ['platform: arm', 'COMPOSE_VALUE 4:15'],
    ['container_name: "-x"', 'NAME_INVALID 4:21'],
    ['depends_on: { db: { condition: service_done } }', 'COMPOSE_VALUE 4:36'],
    // What no fleet has, each with its reason.
    ['develop: {}', 'COMPOSE_UNSUPPORTED_KEY 4:5'],
    ['provider: { type: x }', 'COMPOSE_UNSUPPORTED_KEY 4:5'],
    ['use_api_socket: true', 'COMPOSE_UNSUPPORTED_KEY 4:5'],
    ['models: [m]', 'COMPOSE_UNSUPPORTED_KEY 4:5'],
    ['isolation: hyperv', 'COMPOSE_UNSUPPORTED_KEY 4:5'],
    ['credential_spec: {}', 'COMPOSE_UNSUPPORTED_KEY 4:5'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });

  test('is read in far less than two milliseconds, in a class of fifty', async () => {
    const attributes =
      '{ image: x, user: "1", environment: { A: "$B" }, ports: [80], volumes: ["/a:/a"], cap_add: [ALL], logging: { driver: local }, deploy: { resources: { limits: { memory: 64m } } }, depends_on: [s0] }';
    const others = Array.from({ length: 49 }, (_, index) => `  s${index + 1}: ${attributes}\n`).join('');
    const files = { 'compose.yaml': `services:\n  s0: { image: x }\n${others}` };
    const times: number[] = [];
    for (let run = 0; run < 5; run += 1) {
      const spent = countCpuTime();
      await loadMemory({ files });
      times.push(spent());
    }
    expect(Math.min(...times)).toBeLessThan(100);
  });

  test('with the container_name of another is refused', async () => {
    const text = 'services:\n  a: { image: x, container_name: one }\n  b: { image: x, container_name: one }\n';
    expect(await refusalOf({ files: { 'compose.yaml': text } })).toBe('COMPOSE_CONFLICT 3:34');
  });

  test('knows the name of its project', async () => {
    const text = 'services:\n  a: { image: x, command: ["$COMPOSE_PROJECT_NAME"] }\n';
    const variables = { COMPOSE_PROJECT_NAME: 'other' };
    const { project, warnings } = await loadMemory({ files: { 'compose.yaml': text }, variables });
    expect(project.services[0]?.command).toEqual(['shop']);
    expect(warnings).toEqual([]);
  });
});
