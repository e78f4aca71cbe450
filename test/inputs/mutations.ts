// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import * as fc from 'fast-check';

/** A Compose file with something of everything. */
export const COMPOSE_TEXT = `include: [i.yaml]
x-a: &a { environment: { A: "\${B:-c}" }, restart: always }
services:
  web:
    <<: *a
    image: "nginx:1@sha256:${'a'.repeat(64)}"
    ports: ["127.0.0.1:80-81:80-81/udp", { target: 9, published: "10", host_ip: "::1" }]
    volumes: [./f:/f, ./d:/d, { type: bind, source: d, target: /w, read_only: true }, data:/data, /anonymous]
    networks: { n: { aliases: [x] } }
    depends_on: { db: { condition: service_healthy } }
    configs: [c, { source: c, target: /x, uid: "0", mode: 0444 }]
    secrets: [c]
    deploy: { resources: { limits: { memory: 64m, cpus: "1.5" } }, restart_policy: { condition: any } }
    mem_limit: 67108864
    labels: [a=b]
    env_file: [e.env, { path: none, required: false }]
    ulimits: { nofile: { soft: 1, hard: 2 } }
    tmpfs: /run:size=1m
    extra_hosts: ["a:10.0.0.1", "b=::1"]
    security_opt: ["seccomp:./p.json", no-new-privileges:true]
    cap_add: [NET_ADMIN]
    devices: ["/dev/null:/dev/x:rw"]
    logging: { driver: local, options: { a: 1 } }
    expose: [9, "10-11/udp"]
    stop_grace_period: 1m
  near: { extends: { file: b.yaml, service: base }, network_mode: service:web, scale: 2, profiles: [] }
  db: { image: x, healthcheck: { test: [CMD, a], interval: 1m1.5s, retries: 3 } }
networks: { n: { external: { name: q } }, m: { ipam: { config: [{ subnet: 10.0.0.0/8 }] } } }
volumes: { data: { name: dd, labels: { a: 1 }, driver_opts: { o: x } } }
configs: { c: { file: f }, d: { content: "\${B:-d}" } }
secrets: { c: { file: ./f } }
`;

/** A fleet.yaml with something of everything. */
export const FLEET_TEXT = `version: 1
vars: { A: 1 }
hosts:
  web-1: { labels: { role: web, example.com/zone: eu }, vars: { SITE: x } }
  web-2:
stacks:
  shop:
    hosts: role in (web,db),!legacy
    compose: [compose.yaml]
    overlays: [{ hosts: [web-1], compose: [eu.yaml], vars: { LOG: debug } }]
    vars: { LOG: info }
    drift: correct
    ignore: ['services.web.environment.BUILD_ID']
  other: { hosts: [web-1], path: x/y }
`;

/** Pieces that mean something where they are put. */
const PIECES = [
  ...'[]{}:,-"\'$<!~0 \n#|>%@`?\t😀./\\=',
  '&a',
  '*a',
  '${',
  '${B:?}',
  '<<',
  '1e999',
  'null',
  '..',
  'web',
  '2024-01-01',
  '!reset ',
  '!override ',
  '\0',
  '\uFEFF',
];

interface Edit {
  readonly at: number;
  readonly removed: number;
  readonly piece: string;
}

/** A few cuts and patches anywhere in a text. */
export function edits(text: string): fc.Arbitrary<readonly Edit[]> {
  const edit = fc.record({ at: fc.nat(text.length), removed: fc.nat(8), piece: fc.constantFrom('', ...PIECES) });
  return fc.array(edit, { minLength: 1, maxLength: 3 });
}

/** The text after the edits. */
export function patched(text: string, list: readonly Edit[]): string {
  return list.reduce((now, { at, removed, piece }) => now.slice(0, at) + piece + now.slice(at + removed), text);
}

const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    '',
    'web',
    'db',
    './f:/f',
    '80:80',
    '64m',
    '1m30s',
    '${A}',
    '$$',
    '/x',
    'a=b',
    '..',
    'service:web',
    'default',
    'host',
    'never',
  ),
  fc.string({ maxLength: 8 }),
);
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom('a', 'web', 'x-y', 'source', 'target', 'type', 'path', 'name', 'external'),
        fc.string({ maxLength: 5 }),
      ),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
}));

const KEYS =
  'attach build cap_add cap_drop command configs container_name cpu_shares cpus cpuset depends_on deploy devices dns dns_opt domainname entrypoint env_file environment expose extends extra_hosts gpus group_add healthcheck hostname image init ipc label_file labels links logging mem_limit memswap_limit network_mode networks pid pids_limit platform ports post_start privileged profiles pull_policy read_only restart scale secrets security_opt shm_size stop_grace_period stop_signal sysctls tmpfs tty ulimits user uts volumes volumes_from working_dir'.split(
    ' ',
  );

const service = fc
  .dictionary(fc.constantFrom(...KEYS), anything, { maxKeys: 5 })
  .chain((attributes) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant({ image: 'x', ...attributes }) },
      { weight: 1, arbitrary: fc.constant(attributes) },
    ),
  );

/** What has the form of a Compose file, and anything in it. */
export const composeLike: fc.Arbitrary<unknown> = fc.record(
  {
    services: fc.oneof(
      fc.dictionary(fc.constantFrom('web', 'db', 'a'), fc.oneof(service, anything), { maxKeys: 3 }),
      anything,
    ),
    networks: anything,
    volumes: anything,
    configs: anything,
    secrets: anything,
    include: anything,
    name: anything,
  },
  { requiredKeys: ['services'] },
);

/** What has the form of a fleet.yaml, and anything in it. */
export const fleetLike: fc.Arbitrary<unknown> = fc.record(
  {
    version: fc.oneof(fc.constant(1), anything),
    hosts: anything,
    vars: anything,
    stacks: fc.oneof(
      fc.dictionary(
        fc.constantFrom('shop', 'a'),
        fc.record(
          {
            hosts: anything,
            compose: anything,
            overlays: anything,
            vars: anything,
            drift: anything,
            ignore: anything,
            path: anything,
          },
          { requiredKeys: [] },
        ),
        { maxKeys: 2 },
      ),
      anything,
    ),
  },
  { requiredKeys: [] },
);

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('a:b:ro', 'label=disable', '15', 'nginx:1@sha256:aa', '/'),
);
const texts = fc.oneof(fc.constantFrom(null, undefined), fc.array(text, { maxLength: 3 }));
const loose = (shape: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: shape }, { weight: 1, arbitrary: anything });

/** What has the form of ContainerInspect, and anything in it. */
export const inspectLike: fc.Arbitrary<unknown> = fc.record({
  Id: loose(text),
  Name: loose(text),
  Image: loose(text),
  Config: loose(
    fc.record(
      {
        Image: loose(text),
        Env: loose(texts),
        Cmd: loose(texts),
        Entrypoint: loose(texts),
        Labels: loose(fc.dictionary(text, text, { maxKeys: 3 })),
        WorkingDir: loose(text),
        User: loose(text),
        Hostname: loose(text),
        Tty: loose(fc.boolean()),
        StopSignal: loose(text),
        StopTimeout: loose(fc.nat()),
        Healthcheck: loose(fc.record({ Test: texts, Interval: fc.nat() })),
      },
      { requiredKeys: [] },
    ),
  ),
  HostConfig: loose(
    fc.record(
      {
        Memory: loose(fc.nat()),
        NanoCpus: loose(fc.nat()),
        Binds: loose(texts),
        CapAdd: loose(texts),
        SecurityOpt: loose(texts),
        NetworkMode: loose(text),
        Ulimits: loose(fc.array(fc.record({ Name: text, Soft: fc.integer(), Hard: fc.integer() }), { maxLength: 2 })),
        LogConfig: anything,
        Tmpfs: anything,
        PortBindings: anything,
        Mounts: anything,
        RestartPolicy: anything,
        Sysctls: anything,
      },
      { requiredKeys: [] },
    ),
  ),
  NetworkSettings: loose(
    fc.record({
      Networks: loose(
        fc.dictionary(
          text,
          loose(fc.record({ NetworkID: text, Aliases: texts, IPAMConfig: anything }, { requiredKeys: [] })),
          { maxKeys: 2 },
        ),
      ),
    }),
  ),
  Mounts: loose(
    fc.array(
      loose(
        fc.record(
          {
            Type: fc.constantFrom('bind', 'volume', 'tmpfs'),
            Name: text,
            Source: text,
            Destination: text,
            RW: fc.boolean(),
            Propagation: text,
          },
          { requiredKeys: ['Type', 'Destination'] },
        ),
      ),
      { maxLength: 3 },
    ),
  ),
});
