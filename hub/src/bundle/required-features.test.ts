import { ContainerSpec, DeviceRequest, Mount, Network, NetworkAttachment, type Service, Volume } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { requiredFeatures } from './required-features.ts';

const UNSET = ContainerSpec.decode(new Uint8Array());
const MOUNT = Mount.decode(new Uint8Array());
const DEVICE_REQUEST = DeviceRequest.decode(new Uint8Array());
const NETWORK = Network.decode(new Uint8Array());

function service(container: Partial<ContainerSpec>): Service {
  return {
    name: 'web',
    specDigest: '',
    container: { ...UNSET, ...container },
    replicas: 1,
    dependsOn: [],
    pullPolicy: 0,
    containerName: '',
  };
}

function required(container: Partial<ContainerSpec>): readonly string[] {
  return requiredFeatures({
    services: [service({ image: 'x' }), service(container)],
    networks: [],
    volumes: [],
    after: [],
  });
}

describe('a bundle requires', () => {
  test('nothing new where every field is one of the first release', () => {
    const core = required({
      image: 'nginx',
      command: { values: ['a'] },
      environment: [{ name: 'A', value: '1' }],
      ports: [{ containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: '80', published: true }],
      mounts: [
        { ...MOUNT, target: '/t', source: { $case: 'tmpfs', value: { sizeBytes: 1n, mode: 2 } } },
        { ...MOUNT, target: '/v', readOnly: true, source: { $case: 'volume', value: 'v' } },
      ],
      networks: [{ ...NetworkAttachment.decode(new Uint8Array()), network: 'n', aliases: ['a'] }],
      restart: { name: 'always', maximumRetries: 0 },
      memoryBytes: 64n,
    });
    expect(core).toEqual(['core.v1']);
  });

  test.each<[string, Partial<ContainerSpec>]>([
    ['an init that is switched off', { init: false }],
    ['a time to stop of nothing', { stopTimeoutSeconds: 0 }],
    ['a user', { user: '1' }],
    ['a limit of CPUs', { nanoCpus: 1n }],
    ['a capability', { capAdd: ['ALL'] }],
    ['logging', { logging: { driver: 'local', options: [] } }],
    ['a network mode', { networkMode: 'host' }],
    ['a mount that is relabelled', { mounts: [{ ...MOUNT, target: '/x', selinux: 'z' }] }],
    [
      'memory with options',
      {
        mounts: [
          { ...MOUNT, target: '/x', source: { $case: 'tmpfs', value: { sizeBytes: 0n, mode: 0, options: '' } } },
        ],
      },
    ],
    [
      'an address',
      { networks: [{ ...NetworkAttachment.decode(new Uint8Array()), network: 'n', ipv4Address: '10.0.0.1' }] },
    ],
  ])('attributes.v1 for %s', (_, container) => {
    expect(required(container)).toEqual(['attributes.v1', 'core.v1']);
  });

  test('hooks.v1 where commands run around start and stop', () => {
    const hook = { command: ['x'], user: '', privileged: false, workingDir: '', environment: [] };
    expect(required({ preStop: [hook] })).toEqual(['attributes.v1', 'core.v1', 'hooks.v1']);
  });

  test('after.v1 where it waits for other stacks', () => {
    const features = requiredFeatures({ services: [], networks: [], volumes: [], after: ['db'] });
    expect(features).toEqual(['after.v1', 'core.v1']);
  });

  test('updates.v1 where it says how containers make way for new ones', () => {
    const updated = { ...service({ image: 'x' }), update: { order: 1, parallelism: 1 } } as const;
    expect(requiredFeatures({ services: [updated], networks: [], volumes: [], after: [] })).toEqual([
      'core.v1',
      'updates.v1',
    ]);
  });

  test.each<[string, Partial<ContainerSpec>]>([
    ['an annotation', { annotations: [{ name: 'a', value: '1' }] }],
    ['a link', { links: [{ target: { $case: 'service', value: 'db' }, alias: 'db' }] }],
    ['volumes of another', { volumesFrom: ['service:db'] }],
    ['a share of time', { cpuQuota: 5000n }],
    ['a device of a driver', { deviceRequests: [{ ...DEVICE_REQUEST, count: -1 }] }],
    ['a score', { oomScoreAdjustment: -1 }],
    ['a folder of a volume', { mounts: [{ ...MOUNT, target: '/x', subpath: 'a' }] }],
    [
      'a MAC address',
      { networks: [{ ...NetworkAttachment.decode(new Uint8Array()), macAddress: '02:42:ac:11:00:02' }] },
    ],
  ])('attributes.v2 for %s', (_, container) => {
    expect(required(container)).toEqual(['attributes.v1', 'attributes.v2', 'core.v1']);
  });

  test('attributes.v2 for the files of an image', () => {
    const mounts: Mount[] = [{ ...MOUNT, source: { $case: 'image', value: { reference: 'x' } } }];
    expect(required({ mounts })).toEqual(['attributes.v2', 'core.v1']);
  });

  test('attributes.v2 for a network without IPv4', () => {
    const networks = [{ ...NETWORK, enableIpv4: false }];
    expect(requiredFeatures({ services: [], networks, volumes: [], after: [] })).toEqual([
      'attributes.v1',
      'attributes.v2',
      'core.v1',
    ]);
  });

  test('attributes.v1 for options of a network or a volume', () => {
    const option = { name: 'a', value: 'b' };
    const volume = Volume.decode(new Uint8Array());
    const features = (networks: Network[], volumes: Volume[]) =>
      requiredFeatures({ services: [], networks, volumes, after: [] });
    expect(features([{ ...NETWORK, internal: true }], [{ ...volume, driver: 'nfs' }])).toEqual(['core.v1']);
    expect(features([{ ...NETWORK, enableIpv6: false }], [])).toEqual(['attributes.v1', 'core.v1']);
    expect(features([{ ...NETWORK, driverOptions: [option] }], [])).toEqual(['attributes.v1', 'core.v1']);
    expect(features([], [{ ...volume, driverOptions: [option] }])).toEqual(['attributes.v1', 'core.v1']);
  });
});
