import { Bundle, ContainerSpec, DependencyCondition, PullPolicy, Service } from '@mooring/proto';
import { describe, expect, it } from 'vitest';
import { diffBundles } from './diff-bundles.ts';

/** What a message is made from, as far as it is set. */
type Draft<T> = T extends (infer Item)[]
  ? Draft<Item>[]
  : T extends { $case: string; value: infer Value }
    ? { $case: T['$case']; value: Draft<Value> }
    : T extends object
      ? { [K in keyof T]?: Draft<T[K]> }
      : T;

function bundle(container: Draft<ContainerSpec>, service: Draft<Service> = {}): Bundle {
  const spec = ContainerSpec.fromPartial({ image: 'web:1', ...container });
  const web = { ...Service.fromPartial({ name: 'web', replicas: 1, ...service }), container: spec };
  return Bundle.fromPartial({ stack: 'shop', services: [web] });
}

/** What differs from a stack whose only service has an image. */
function changes(container: Draft<ContainerSpec>, service: Draft<Service> = {}): readonly string[] {
  return texts(bundle({}), bundle(container, service));
}

function texts(before: Bundle, after: Bundle): readonly string[] {
  return diffBundles(before, after).map((change) => `${change.field}: ${change.before} → ${change.after}`);
}

describe('the difference between two bundles', () => {
  it('is nothing where both ask for the same', () => {
    expect(diffBundles(bundle({ nanoCpus: 5n }), bundle({ nanoCpus: 5n }))).toEqual([]);
  });

  const FIELDS: readonly [Draft<ContainerSpec>, readonly string[]][] = [
    [{ image: 'web:2' }, ['image: web:1 → web:2']],
    [{ command: { values: [] } }, ['command:  → []']],
    [{ command: { values: ['sh', '-c', 'x y'] } }, ['command:  → ["sh","-c","x y"]']],
    [{ entrypoint: { values: ['/run'] } }, ['entrypoint:  → ["/run"]']],
    [
      { environment: [{ name: 'LOG', value: 'debug' }, { name: 'EMPTY', value: '' }, { name: 'GONE' }] },
      ['environment.EMPTY:  → ""', 'environment.GONE:  → (unset)', 'environment.LOG:  → debug'],
    ],
    [{ labels: [{ name: 'a.b', value: 'c' }] }, ['labels["a.b"]:  → c']],
    [
      {
        ports: [
          { containerPort: 80, protocol: 'tcp', hostPort: '8080', published: true },
          { containerPort: 81, protocol: 'udp', hostAddress: '127.0.0.1', hostPort: '1', published: true },
          { containerPort: 82, protocol: 'tcp', published: false },
        ],
      },
      ['expose:  → 82/tcp', 'ports:  → 8080:80/tcp, 127.0.0.1:1:81/udp'],
    ],
    [
      { mounts: [{ target: '/data', source: { $case: 'volume', value: 'data' }, readOnly: true }] },
      ['volumes["/data"]:  → volume data, read-only'],
    ],
    [
      { mounts: [{ target: '/etc/x', source: { $case: 'file', value: { digest: 'sha256:ab', executable: true } } }] },
      ['volumes["/etc/x"]:  → sha256:ab executable'],
    ],
    [
      {
        mounts: [
          {
            target: '/www',
            source: { $case: 'tree', value: { digest: 'sha256:t', entries: [{ path: 'a.html', digest: 'sha256:a' }] } },
          },
        ],
      },
      ['volumes["/www"]:  → folder from Git', 'volumes["/www/a.html"]:  → sha256:a'],
    ],
    [
      { networks: [{ network: 'edge', aliases: ['www'], ipv4Address: '10.0.0.9' }] },
      ['networks:  → edge', 'networks.edge.aliases:  → www', 'networks.edge.ipv4_address:  → 10.0.0.9'],
    ],
    [
      { healthcheck: { test: ['CMD', 'true'], intervalNanos: 500_000_000n, retries: 3 } },
      ['healthcheck.interval:  → 0.5s', 'healthcheck.retries:  → 3', 'healthcheck.test:  → ["CMD","true"]'],
    ],
    [{ restart: { name: 'on-failure', maximumRetries: 3 } }, ['restart:  → on-failure:3']],
    [{ memoryBytes: 1024n }, ['mem_limit:  → 1024']],
    [{ memorySwapBytes: -1n }, ['memswap_limit:  → -1']],
    [{ memoryReservationBytes: 1n }, ['mem_reservation:  → 1']],
    [{ nanoCpus: 500_000_000n }, ['cpus:  → 0.5']],
    [{ cpuShares: 2n }, ['cpu_shares:  → 2']],
    [{ cpuset: '0-3' }, ['cpuset:  → 0-3']],
    [{ pidsLimit: 5n }, ['pids_limit:  → 5']],
    [{ shmSizeBytes: 64n }, ['shm_size:  → 64']],
    [{ ulimits: [{ name: 'nofile', soft: 1n, hard: 2n }] }, ['ulimits.nofile:  → 1:2']],
    [{ hostname: 'h' }, ['hostname:  → h']],
    [{ domainname: 'd' }, ['domainname:  → d']],
    [{ user: '1000' }, ['user:  → 1000']],
    [{ workingDir: '/w' }, ['working_dir:  → /w']],
    [{ tty: true }, ['tty:  → true']],
    [{ stdinOpen: true }, ['stdin_open:  → true']],
    [{ init: false }, ['init:  → false']],
    [{ stopSignal: 'INT' }, ['stop_signal:  → INT']],
    [{ stopTimeoutSeconds: 0 }, ['stop_grace_period:  → 0s']],
    [{ readOnly: true }, ['read_only:  → true']],
    [{ privileged: true }, ['privileged:  → true']],
    [{ capAdd: ['CAP_A', 'CAP_B'] }, ['cap_add:  → CAP_A, CAP_B']],
    [{ capDrop: ['ALL'] }, ['cap_drop:  → ALL']],
    [{ securityOptions: ['a=b'] }, ['security_opt:  → a=b']],
    [{ extraHosts: ['a:1.2.3.4'] }, ['extra_hosts:  → a:1.2.3.4']],
    [{ dns: ['1.1.1.1'] }, ['dns:  → 1.1.1.1']],
    [{ dnsOptions: ['rotate'] }, ['dns_opt:  → rotate']],
    [{ dnsSearch: ['x'] }, ['dns_search:  → x']],
    [{ devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'rw' }] }, ['devices:  → /dev/a:/dev/b:rw']],
    [
      { logging: { driver: 'json-file', options: [{ name: 'max-size', value: '1m' }] } },
      ['logging.driver:  → json-file', 'logging.options.max-size:  → 1m'],
    ],
    [{ networkMode: 'host' }, ['network_mode:  → host']],
    [{ pidMode: 'host' }, ['pid:  → host']],
    [{ ipcMode: 'private' }, ['ipc:  → private']],
    [{ utsMode: 'host' }, ['uts:  → host']],
    [{ usernsMode: 'host' }, ['userns_mode:  → host']],
    [{ platform: 'linux/arm64' }, ['platform:  → linux/arm64']],
    [{ sysctls: [{ name: 'net.core.somaxconn', value: '1' }] }, ['sysctls["net.core.somaxconn"]:  → 1']],
    [{ groupAdd: ['9'] }, ['group_add:  → 9']],
  ];

  it.each(FIELDS.map(([container, texts]) => [texts.join('; '), container, texts] as const))(
    'tells a field by its path in Compose: %s',
    (_, container, expected) => {
      expect(changes(container)).toEqual(expected.map((text) => `services.web.${text}`));
    },
  );

  it('tells how and when a service runs', () => {
    const service = {
      replicas: 2,
      pullPolicy: PullPolicy.PULL_POLICY_ALWAYS,
      containerName: 'the-web',
      dependsOn: [
        { service: 'db', condition: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY, restart: true },
      ],
    };
    expect(changes({}, service)).toEqual([
      'services.web.container_name:  → the-web',
      'services.web.depends_on.db:  → service_healthy, restart, not required',
      'services.web.deploy.replicas: 1 → 2',
      'services.web.pull_policy:  → always',
    ]);
  });

  it('tells a whole service, network or volume that comes or goes by one line', () => {
    const before = Bundle.fromPartial({
      services: [{ name: 'old.one', container: { image: 'old:1', hostname: 'h' } }],
      networks: [{ key: 'edge', name: 'shop_edge', internal: true }],
    });
    const after = Bundle.fromPartial({
      services: [{ name: 'new', container: { image: 'new:1', hostname: 'h' } }],
      volumes: [{ key: 'data', name: 'shop_data', driver: 'local' }],
      secrets: [{ name: 'token' }],
    });
    expect(texts(before, after)).toEqual([
      'networks.edge: shop_edge → ',
      'secrets.token:  → token',
      'services.new:  → new:1',
      'services["old.one"]: old:1 → ',
      'volumes.data:  → shop_data',
    ]);
  });

  it('tells fields of networks and volumes', () => {
    const before = Bundle.fromPartial({ networks: [{ key: 'a', name: 'a' }], volumes: [{ key: 'd', name: 'd' }] });
    const after = Bundle.fromPartial({
      networks: [
        {
          key: 'a',
          name: 'b',
          internal: true,
          attachable: true,
          enableIpv6: false,
          ipam: { pools: [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }] },
        },
      ],
      volumes: [{ key: 'd', name: 'd', external: true, driverOptions: [{ name: 'type', value: 'nfs' }] }],
    });
    expect(texts(before, after)).toEqual([
      'networks.a.attachable:  → true',
      'networks.a.enable_ipv6:  → false',
      'networks.a.internal:  → true',
      'networks.a.ipam.config:  → 10.0.0.0/24 gateway 10.0.0.1',
      'networks.a.name: a → b',
      'volumes.d.driver_opts.type:  → nfs',
      'volumes.d.external:  → true',
    ]);
  });
});
