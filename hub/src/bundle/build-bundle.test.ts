import { Bundle, containerSpecDigest, digestOf, networkSpecDigest, treeDigest } from '@mooring/proto';
import { describe, expect, it } from 'vitest';
import type { Limits } from '../compose/limits-model.ts';
import type { Content, Mount, Project, Service } from '../compose/model.ts';
import { PLAIN_MOUNT } from '../compose/mount-target.ts';
import { buildBundle } from './build-bundle.ts';

function content(text: string, executable = false): Content {
  return { digest: digestOf(Buffer.from(text)), bytes: Buffer.from(text), executable };
}

const NO_LIMITS: Limits = {
  memoryBytes: 0,
  memorySwapBytes: 0,
  memoryReservationBytes: 0,
  nanoCpus: 0,
  cpuShares: 0,
  cpuset: '',
  pidsLimit: 0,
  shmSizeBytes: 0,
  ulimits: [],
  cpuPeriod: 0,
  cpuQuota: 0,
  cpuRealtimePeriod: 0,
  cpuRealtimeRuntime: 0,
  cpuCount: 0,
  cgroupParent: '',
  memorySwappiness: 0,
  oomKillDisable: false,
  oomScoreAdjustment: 0,
  blockIo: undefined,
};

function mount(target: string, source: Mount['source'], readOnly = false): Mount {
  return { target, readOnly, source, ...PLAIN_MOUNT };
}

function attachment(network: string, aliases: readonly string[] = []) {
  const addresses = { ipv4Address: '', ipv6Address: '', linkLocalIps: [], macAddress: '' };
  return { network, aliases, ...addresses, driverOptions: [], gatewayPriority: 0, interfaceName: '' };
}

function service(name: string, changes: Partial<Service> = {}): Service {
  return {
    name,
    image: `${name}:1`,
    command: undefined,
    entrypoint: undefined,
    environment: [],
    labels: [],
    ports: [],
    mounts: [],
    networks: [attachment('default')],
    dependsOn: [],
    hooks: { postStart: [], preStop: [] },
    update: undefined,
    healthcheck: undefined,
    restart: undefined,
    process: {
      hostname: '',
      domainname: '',
      user: '',
      workingDir: '',
      tty: false,
      stdinOpen: false,
      init: undefined,
      stopSignal: '',
      stopTimeoutSeconds: undefined,
    },
    limits: NO_LIMITS,
    security: {
      readOnly: false,
      privileged: false,
      capAdd: [],
      capDrop: [],
      securityOptions: [],
      sysctls: [],
      groupAdd: [],
    },
    namespaces: { networkMode: '', pidMode: '', ipcMode: '', utsMode: '', usernsMode: '', cgroupMode: '' },
    nameResolution: { extraHosts: [], dns: [], dnsOptions: [], dnsSearch: [] },
    devices: [],
    logging: undefined,
    annotations: [],
    deviceRequests: [],
    deviceCgroupRules: [],
    runtime: '',
    storageOptions: [],
    links: [],
    volumesFrom: [],
    platform: '',
    pullPolicy: 'missing',
    containerName: '',
    replicas: 1,
    ...changes,
  };
}

function project(services: readonly Service[], changes: Partial<Project> = {}): Project {
  const networks = ['default', 'edge'].map((key) => ({
    key,
    name: `shop_${key}`,
    external: false,
    driver: '',
    internal: false,
    attachable: false,
    driverOptions: [],
    enableIpv6: undefined,
    enableIpv4: undefined,
    ipam: undefined,
    labels: [],
  }));
  return { name: 'shop', services, networks, volumes: [], ...changes };
}

describe('a bundle', () => {
  it('carries every field of a service', () => {
    const { bundle } = buildBundle(
      project([
        service('web', {
          command: [],
          entrypoint: ['/bin/sh', '-c'],
          environment: [
            { name: 'A', value: '' },
            { name: 'B', value: undefined },
          ],
          labels: [{ name: 'team', value: 'shop' }],
          ports: [{ containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: '8080', published: true }],
          mounts: [
            mount('/conf', { kind: 'file', content: content('conf', true) }, true),
            mount('/data', { kind: 'data', path: 'data' }),
            mount('/tmp', { kind: 'tmpfs', sizeBytes: 1024, mode: 0o1777, options: undefined }),
          ],
          dependsOn: [{ service: 'db', condition: 'service_healthy', restart: true, required: true }],
          healthcheck: {
            test: ['CMD', 'true'],
            intervalNanos: 1n,
            timeoutNanos: 2n,
            startPeriodNanos: 3n,
            startIntervalNanos: 4n,
            retries: 5,
          },
          restart: { name: 'on-failure', maximumRetries: 3 },
          limits: { ...NO_LIMITS, memoryBytes: 64 * 1024 * 1024 },
          replicas: 2,
        }),
      ]),
    );
    expect(Bundle.toJSON(bundle)).toMatchInlineSnapshot(`
      {
        "files": [
          {
            "digest": "sha256:0c326c4f02797b088fc566e64fbfe2162390f52f2fec1483ec3a413a7f11c910",
            "size": "4",
          },
        ],
        "format": 1,
        "networks": [
          {
            "key": "default",
            "name": "shop_default",
            "specDigest": "v1:3b1dcfa8423508d71be0f72d566ae127734f9b698b70336263d620e7d7b703a5",
          },
          {
            "key": "edge",
            "name": "shop_edge",
            "specDigest": "v1:65bc876b2ff0466b26ed3279057a6e7396c09cc07736756a24e99493e80d5c9d",
          },
        ],
        "requires": [
          "core.v1",
        ],
        "services": [
          {
            "container": {
              "command": {},
              "entrypoint": {
                "values": [
                  "/bin/sh",
                  "-c",
                ],
              },
              "environment": [
                {
                  "name": "A",
                  "value": "",
                },
                {
                  "name": "B",
                },
              ],
              "healthcheck": {
                "intervalNanos": "1",
                "retries": 5,
                "startIntervalNanos": "4",
                "startPeriodNanos": "3",
                "test": [
                  "CMD",
                  "true",
                ],
                "timeoutNanos": "2",
              },
              "image": "web:1",
              "labels": [
                {
                  "name": "team",
                  "value": "shop",
                },
              ],
              "memoryBytes": "67108864",
              "mounts": [
                {
                  "file": {
                    "digest": "sha256:0c326c4f02797b088fc566e64fbfe2162390f52f2fec1483ec3a413a7f11c910",
                    "executable": true,
                  },
                  "readOnly": true,
                  "target": "/conf",
                },
                {
                  "dataPath": "data",
                  "target": "/data",
                },
                {
                  "target": "/tmp",
                  "tmpfs": {
                    "mode": 1023,
                    "sizeBytes": "1024",
                  },
                },
              ],
              "networks": [
                {
                  "network": "default",
                },
              ],
              "ports": [
                {
                  "containerPort": 80,
                  "hostAddress": "127.0.0.1",
                  "hostPort": "8080",
                  "protocol": "tcp",
                  "published": true,
                },
              ],
              "restart": {
                "maximumRetries": 3,
                "name": "on-failure",
              },
            },
            "dependsOn": [
              {
                "condition": "DEPENDENCY_CONDITION_SERVICE_HEALTHY",
                "required": true,
                "restart": true,
                "service": "db",
              },
            ],
            "name": "web",
            "pullPolicy": "PULL_POLICY_MISSING",
            "replicas": 2,
            "specDigest": "v1:f6aeac68a74ed76442d98751e8e54165894213daabc59619eaca42f42ed3dcad",
          },
        ],
        "stack": "shop",
      }
    `);
  });

  it('has the same bytes whatever order services, networks and volumes come in', () => {
    const services = [service('web'), service('db'), service('_cache')];
    const volumes = ['b', 'a'].map((key) => ({
      key,
      name: `shop_${key}`,
      external: false,
      driver: '',
      driverOptions: [],
      labels: [],
    }));
    const one = project(services, { volumes });
    const other = project([...services].reverse(), {
      networks: [...one.networks].reverse(),
      volumes: [...volumes].reverse(),
    });
    expect(buildBundle(other).digest).toBe(buildBundle(one).digest);
    expect(buildBundle(one).bundle.services.map(({ name }) => name)).toEqual(['_cache', 'db', 'web']);
  });

  it('is named by its bytes, and decodes to itself', () => {
    const { bundle, bytes, digest } = buildBundle(project([service('web')]));
    expect(digestOf(bytes)).toBe(digest);
    expect(Bundle.decode(bytes)).toEqual(bundle);
  });

  it('gives each service and network the digest of its own specification', () => {
    const { bundle } = buildBundle(project([service('web'), service('db')]));
    const changed = buildBundle(project([service('web', { replicas: 3 }), service('db', { image: 'db:2' })])).bundle;
    for (const { container, specDigest } of bundle.services)
      expect(container && containerSpecDigest(container)).toBe(specDigest);
    for (const network of bundle.networks) expect(networkSpecDigest(network)).toBe(network.specDigest);
    const digests = (of: Bundle): readonly string[] => of.services.map(({ specDigest }) => specDigest);
    expect(digests(changed)[0]).not.toBe(digests(bundle)[0]);
    expect(digests(changed)[1]).toBe(digests(bundle)[1]);
  });

  it('names each mounted content once, with its size', () => {
    const shared = content('shared');
    const entries = [
      { path: 'a', content: shared },
      { path: 'b/c', content: content('other', true) },
    ];
    const { bundle, files } = buildBundle(
      project([
        service('web', { mounts: [mount('/t', { kind: 'tree', entries }, true)] }),
        service('db', { mounts: [mount('/f', { kind: 'file', content: shared }, true)] }),
      ]),
    );
    expect(bundle.files).toEqual(
      files.map(({ plainDigest, bytes }) => ({ digest: plainDigest, size: BigInt(bytes.byteLength) })),
    );
    expect(files.map(({ bytes }) => Buffer.from(bytes).toString()).sort()).toEqual(['other', 'shared']);
    const tree = bundle.services.find(({ name }) => name === 'web')?.container?.mounts[0]?.source;
    expect(tree?.$case === 'tree' && treeDigest(tree.value)).toBe(tree?.$case === 'tree' && tree.value.digest);
  });
});
