import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

describe('how a container finds addresses', () => {
  test.each([
    ['extra_hosts: ["b:10.0.0.1", "a=10.0.0.2"]', ['a:10.0.0.2', 'b:10.0.0.1']],
    ['extra_hosts: ["a:::1", "b=[fe80::1]"]', ['a:::1', 'b:fe80::1']],
    ['extra_hosts: { a: 10.0.0.1, b: [10.0.0.3, 10.0.0.2] }', ['a:10.0.0.1', 'b:10.0.0.2', 'b:10.0.0.3']],
    ['extra_hosts: ["a:host-gateway", "a:10.0.0.1", "a=10.0.0.1"]', ['a:10.0.0.1', 'a:host-gateway']],
  ])('%s', async (attributes, extraHosts) => {
    expect((await memoryService(attributes)).nameResolution.extraHosts).toEqual(extraHosts);
  });

  test('name servers, options and domains keep their order', async () => {
    const { nameResolution } = await memoryService(
      'dns: [10.0.0.9, 10.0.0.1]\ndns_opt: [use-vc, ndots:2]\ndns_search: z.example',
    );
    expect(nameResolution).toMatchObject({
      dns: ['10.0.0.9', '10.0.0.1'],
      dnsOptions: ['use-vc', 'ndots:2'],
      dnsSearch: ['z.example'],
    });
  });

  test.each([
    ['extra_hosts: ["a"]', 'COMPOSE_VALUE 4:19'],
    ['extra_hosts: ["a:"]', 'COMPOSE_VALUE 4:19'],
    ['extra_hosts: { a: here }', 'COMPOSE_VALUE 4:23'],
    ['dns: one.one', 'COMPOSE_VALUE 4:10'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
