import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

const ALL_GPUS = { driver: '', count: -1, deviceIds: [], capabilities: ['gpu'], options: [] };

describe('devices that a driver provides', () => {
  test.each([
    ['gpus: all', [ALL_GPUS]],
    ['gpus: [{}]', [ALL_GPUS]],
    [
      'gpus: [{ driver: nvidia, count: 2, capabilities: [utility], options: { b: 1, a: c } }]',
      [
        {
          driver: 'nvidia',
          count: 2,
          deviceIds: [],
          capabilities: ['utility', 'gpu'],
          options: [
            { name: 'a', value: 'c' },
            { name: 'b', value: '1' },
          ],
        },
      ],
    ],
    [
      'deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], device_ids: ["0", "3"] }] } } }\ngpus: all',
      [{ ...ALL_GPUS, count: 0, deviceIds: ['0', '3'] }, ALL_GPUS],
    ],
    ['deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], count: all }] } } }', [ALL_GPUS]],
    [
      'devices: ["vendor.example/gpu=0", /dev/null, "vendor.example/gpu=all"]\ngpus: all',
      [
        {
          driver: 'cdi',
          count: 0,
          deviceIds: ['vendor.example/gpu=0', 'vendor.example/gpu=all'],
          capabilities: [],
          options: [],
        },
        ALL_GPUS,
      ],
    ],
    ['restart: always', []],
  ])('%s', async (attributes, requests) => {
    expect((await memoryService(attributes)).deviceRequests).toEqual(requests);
  });

  test.each([
    ['gpus: some', 'COMPOSE_VALUE 4:11'],
    ['gpus: [{ count: 1, device_ids: ["0"] }]', 'COMPOSE_CONFLICT 4:21'],
    ['gpus: [{ count: -2 }]', 'COMPOSE_QUANTITY 4:21'],
    ['gpus: [{ cards: 2 }]', 'COMPOSE_UNKNOWN_KEY 4:14'],
    ['deploy: { resources: { reservations: { devices: [{ count: 1 }] } } }', 'COMPOSE_VALUE 4:54'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});

describe('rules of devices', () => {
  test('keep their order', async () => {
    const { deviceCgroupRules } = await memoryService('device_cgroup_rules: ["c 7:* rmw", "c 1:3 mr"]');
    expect(deviceCgroupRules).toEqual(['c 7:* rmw', 'c 1:3 mr']);
  });

  test('that the engine does not take are refused', async () => {
    expect(await memoryRefusal('device_cgroup_rules: ["c 1:3"]')).toBe('COMPOSE_VALUE 4:27');
  });
});
