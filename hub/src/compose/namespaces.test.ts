import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

describe('namespaces', () => {
  test.each([
    [
      'network_mode: host\npid: host\nipc: shareable\nuts: host\nuserns_mode: host',
      ['host', 'host', 'shareable', 'host', 'host', ''],
    ],
    ['network_mode: none', ['none', '', '', '', '', '']],
    ['network_mode: default', ['bridge', '', '', '', '', '']],
    [
      'network_mode: service:db\npid: service:db\nipc: service:db',
      ['service:db', 'service:db', 'service:db', '', '', ''],
    ],
  ])('%s', async (attributes, modes) => {
    const service = await memoryService(attributes);
    expect(Object.values(service.namespaces)).toEqual(modes);
    expect(service.networks).toEqual([]);
  });

  test('of another service make it come first, and restart with it', async () => {
    const { dependsOn } = await memoryService('network_mode: service:db');
    expect(dependsOn).toEqual([{ service: 'db', condition: 'service_started', restart: true, required: true }]);
  });

  test('leave a dependency as it is written', async () => {
    const { dependsOn } = await memoryService('pid: service:db\ndepends_on: { db: { condition: service_healthy } }');
    expect(dependsOn).toMatchObject([{ service: 'db', condition: 'service_healthy', restart: false }]);
  });

  test.each([
    ['network_mode: bridged', 'COMPOSE_VALUE 4:19'],
    ['network_mode: container:x', 'COMPOSE_UNSUPPORTED_KEY 4:19'],
    ['network_mode: service:none', 'COMPOSE_DEPENDS_UNKNOWN 4:19'],
    ['ipc: service:web', 'COMPOSE_DEPENDS_UNKNOWN 4:10'],
    ['uts: service:db', 'COMPOSE_VALUE 4:10'],
    ['network_mode: host\nnetworks: [front]', 'COMPOSE_CONFLICT 5:15'],
    ['network_mode: service:db\nports: ["80:80"]', 'COMPOSE_CONFLICT 5:12'],
    ['network_mode: service:db\nexpose: [80]', 'COMPOSE_CONFLICT 5:13'],
    ['network_mode: service:db\nhostname: x', 'COMPOSE_CONFLICT 5:15'],
    ['network_mode: service:db\ndns: 10.0.0.1', 'COMPOSE_CONFLICT 5:10'],
    ['network_mode: service:db\nextra_hosts: ["a:10.0.0.1"]', 'COMPOSE_CONFLICT 5:18'],
    ['uts: host\nhostname: x', 'COMPOSE_CONFLICT 5:15'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
