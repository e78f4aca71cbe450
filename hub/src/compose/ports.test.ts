import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

async function ports(attributes: string): Promise<readonly string[]> {
  const service = await memoryService(attributes);
  return service.ports.map(
    ({ containerPort, protocol, hostPort, published }) =>
      `${published ? hostPort : 'exposed'} ${containerPort}/${protocol}`,
  );
}

describe('expose', () => {
  test('names ports that the host has no part in, ranges one by one', async () => {
    expect(await ports('expose: [3000, "4000-4002/udp", "80"]')).toEqual([
      'exposed 80/tcp',
      'exposed 3000/tcp',
      'exposed 4000/udp',
      'exposed 4001/udp',
      'exposed 4002/udp',
    ]);
  });

  test('says nothing new of a port that is published', async () => {
    expect(await ports('expose: [80, 81]\nports: ["8080:80", "81:81/udp"]')).toEqual([
      '8080 80/tcp',
      'exposed 81/tcp',
      '81 81/udp',
    ]);
  });

  test('takes no port of the host from another service', async () => {
    expect(await ports('expose: [80]')).toEqual(['exposed 80/tcp']);
  });

  test.each([
    ['expose: ["80:80"]', 'COMPOSE_PORT 4:14'],
    ['expose: [0]', 'COMPOSE_PORT 4:14'],
    ['expose: ["80/xyz"]', 'COMPOSE_PORT 4:14'],
    ['expose: ["1-20001"]', 'COMPOSE_PORT 4:14'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
