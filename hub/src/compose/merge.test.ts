import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { loadProject } from './load-project.ts';
import { memoryRepository } from './memory-repository.fake.ts';
import type { Service } from './model.ts';

const TOP = 'networks: { a: , b: }\nvolumes: { one: , two: }\nconfigs: { c: { file: c.txt } }\n';

/** Service `web` of two files that hold these attributes of it. */
async function merged(...attributes: readonly string[]): Promise<Service | undefined> {
  const files = attributes.map((text, index) => [
    `${index}.yaml`,
    `services:\n  web:\n    image: x\n    ${text.replaceAll('\n', '\n    ')}\n  db: { image: y }\n${index === 0 ? TOP : ''}`,
  ]);
  const { project } = await loadProject({
    stack: 'shop',
    folder: '',
    files: files.map(([name = '']) => name),
    variables: { get: () => undefined },
    repository: memoryRepository({ ...Object.fromEntries(files), 'c.txt': 'c' }),
  });
  return project.services.find(({ name }) => name === 'web');
}

describe('of two files', () => {
  test.each([
    ['environment: [A=1, B=1, C]', 'environment: { B: 2, D: 3 }', ['A=1', 'B=2', 'C', 'D=3']],
    ['environment: { A: 1 }', 'environment: [A=2, A=3]', ['A=3']],
    ['environment: { A: 1 }', 'environment:', ['A=1']],
    ['environment:', 'environment: { A: 1 }', ['A=1']],
    // Named again without a value, it is taken from the variables, where it is unset.
    ['environment: { A: 1 }', 'environment: [A]', ['A']],
  ])('%s and %s', async (below, above, environment) => {
    const service = await merged(below, above);
    expect(service?.environment.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))).toEqual(
      environment,
    );
  });

  test('command, entrypoint and the test of a healthcheck are replaced', async () => {
    const service = await merged(
      'command: [a, b]\nentrypoint: [e]\nhealthcheck: { test: [CMD, a], interval: 2s }',
      'command: c d\nentrypoint: []\nhealthcheck: { test: t, retries: 4 }',
    );
    expect(service).toMatchObject({ command: ['c', 'd'], entrypoint: [] });
    expect(service?.healthcheck).toMatchObject({ test: ['CMD-SHELL', 't'], intervalNanos: 2_000_000_000n, retries: 4 });
    expect((await merged('command: [a]', 'command:'))?.command).toBeUndefined();
  });

  test('networks and dependencies merge by name, also from lists', async () => {
    const service = await merged(
      'networks: { a: { aliases: [x] } }\ndepends_on: { db: { condition: service_healthy } }',
      'networks: [a, b]\ndepends_on:',
    );
    expect(service?.networks).toMatchObject([
      { network: 'a', aliases: ['x'] },
      { network: 'b', aliases: [] },
    ]);
    expect(service?.dependsOn.map(({ condition }) => condition)).toEqual(['service_healthy']);
    const listed = await merged('depends_on: { db: { condition: service_healthy } }', 'depends_on: [db]');
    expect(listed?.dependsOn.map(({ condition }) => condition)).toEqual(['service_started']);
  });

  test('ports add up, equal ones collapse, and of mounts with one target the later wins', async () => {
    const service = await merged(
      'ports: ["80:80", 90]\nvolumes: ["one:/d", /cache]\nconfigs: [c]',
      'ports: ["80:80/tcp", "81:80"]\nvolumes: ["two:/d:ro"]\nconfigs: [{ source: c, target: /c }]',
    );
    expect(service?.ports.map(({ hostPort, containerPort }) => `${hostPort}:${containerPort}`)).toEqual([
      '80:80',
      '81:80',
      ':90',
    ]);
    expect(service?.mounts.map(({ target, source, readOnly }) => [target, source.kind, readOnly])).toEqual([
      ['/c', 'file', true],
      ['/cache', 'anonymous', false],
      ['/d', 'volume', true],
    ]);
  });

  test('a list over a mapping is refused with both places', async () => {
    const error: unknown = await merged('healthcheck: { test: x }', 'healthcheck: [x]').catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(MooringError);
    expect(error).toMatchObject({
      code: 'COMPOSE_TYPE',
      place: { file: '1.yaml', line: 4, field: 'services.web.healthcheck' },
      message: expect.stringContaining('0.yaml:4'),
    });
  });

  test('an error names the file that the value came from', async () => {
    const error: unknown = await merged('mem_limit: 64m\nrestart: always', 'restart: sometimes').catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'COMPOSE_VALUE', place: { file: '1.yaml', line: 4, column: 14 } });
  });
});

describe('attributes with rules of their own', () => {
  test('lists and single values add up', async () => {
    const service = await merged(
      'dns: 10.0.0.1\ndns_search: a.example\ntmpfs: /run:size=1m\ncap_add: [SYS_TIME]\ngroup_add: [a]',
      'dns: [10.0.0.2, 10.0.0.1]\ndns_search: b.example\ntmpfs: [/tmp, "/run:size=2m"]\ncap_add: [NET_ADMIN]\ngroup_add: [b]',
    );
    expect(service?.nameResolution).toMatchObject({
      dns: ['10.0.0.1', '10.0.0.2'],
      dnsSearch: ['a.example', 'b.example'],
    });
    expect(service?.security).toMatchObject({ capAdd: ['CAP_NET_ADMIN', 'CAP_SYS_TIME'], groupAdd: ['a', 'b'] });
    expect(service?.mounts.map(({ target, source }) => [target, source.kind === 'tmpfs' && source.options])).toEqual([
      ['/run', 'size=2m'],
      ['/tmp', ''],
    ]);
  });

  test('hosts add up from lists and mappings, sysctls by name, each limit as a whole', async () => {
    const service = await merged(
      'extra_hosts: { a: 10.0.0.1 }\nsysctls: { net.a: 1, net.b: 1 }\nulimits: { nofile: { soft: 1, hard: 2 }, nproc: 3 }',
      'extra_hosts: ["a:10.0.0.2", "b=10.0.0.1"]\nsysctls: [net.b=2]\nulimits: { nofile: 7 }',
    );
    expect(service?.nameResolution.extraHosts).toEqual(['a:10.0.0.1', 'a:10.0.0.2', 'b:10.0.0.1']);
    expect(service?.security.sysctls.map(({ name, value }) => `${name}=${value}`)).toEqual(['net.a=1', 'net.b=2']);
    expect(service?.limits.ulimits.map(({ name, soft, hard }) => [name, soft, hard])).toEqual([
      ['nofile', 7, 7],
      ['nproc', 3, 3],
    ]);
  });

  test('options of logging are kept for the same driver, and go with another', async () => {
    const same = await merged(
      'logging: { driver: local, options: { a: "1", b: "1" } }',
      'logging: { options: { b: "2" } }',
    );
    expect(same?.logging?.options.map(({ name, value }) => `${name}=${value}`)).toEqual(['a=1', 'b=2']);
    const other = await merged('logging: { driver: local, options: { a: "1" } }', 'logging: { driver: syslog }');
    expect(other?.logging).toEqual({ driver: 'syslog', options: [] });
  });

  test('!reset takes away, !override replaces', async () => {
    const service = await merged(
      'ports: ["80:80"]\ncommand: [a]\nenvironment: { A: 1, B: 1 }\nlabels: [a=1]',
      'ports: !override ["81:81"]\ncommand: !reset []\nenvironment: { A: !reset null }\nlabels: !override { b: 2 }',
    );
    expect(service?.ports.map(({ hostPort }) => hostPort)).toEqual(['81']);
    expect(service?.command).toBeUndefined();
    expect(service?.environment.map(({ name }) => name)).toEqual(['B']);
    expect(service?.labels).toEqual([{ name: 'b', value: '2' }]);
  });

  test('what was taken away may come back in a later file', async () => {
    const service = await merged('ports: ["80:80"]', 'ports: !reset []', 'ports: ["82:82"]');
    expect(service?.ports.map(({ hostPort }) => hostPort)).toEqual(['82']);
    expect((await merged('ports: !reset ["80:80"]'))?.ports).toEqual([]);
  });
});
