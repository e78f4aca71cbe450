// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { MooringError } from '@mooring/proto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadProject } from './load-project.ts';
import { memoryRepository } from './memory-repository.fake.ts';

const GOOD = `name: shop
x-a: &a { environment: { A: "\${B:-c}" }, restart: always }
services:
  web:
    <<: *a
    image: "nginx:1@sha256:${'a'.repeat(64)}"
    ports: ["127.0.0.1:80-81:80-81/udp", { target: 9, published: "10", host_ip: "::1" }]
    volumes: [./f:/f, ./d:/d, { type: bind, source: w, target: /w, read_only: true }, data:/data, /anonymous]
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
const FILES = {
  's/f': 'f',
  's/d/x': 'x',
  's/w/y.sh': 'y',
  's/e.env': 'A=1\n',
  's/p.json': '{}',
  's/b.yaml': 'services: { base: { image: x, volumes: ["./f:/f"] } }\n',
};
const PIECES = [
  ...'[]{}:,-"\'$<!~0 \n#|>%@`?\t😀./\\',
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
];

function load(text: string) {
  return loadProject({
    stack: 'shop',
    folder: 's',
    files: ['c.yaml'],
    variables: { get: () => undefined },
    repository: memoryRepository({ ...FILES, 's/c.yaml': text }),
  });
}

/** Milliseconds for thousands of files on a machine that is busy with others. */
const PATIENCE = 60_000;

test('the file that is mutated is good', async () => {
  expect((await load(GOOD)).project.services.map(({ name }) => name)).toEqual(['db', 'near', 'web']);
});

test('a file that was cut and patched anywhere is loaded, or refused with a place', { timeout: PATIENCE }, async () => {
  const edit = fc.record({
    at: fc.nat(GOOD.length - 1),
    removed: fc.nat(8),
    piece: fc.constantFrom('', ...PIECES),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const text = edits.reduce(
        (now, { at, removed, piece }) => now.slice(0, at) + piece + now.slice(at + removed),
        GOOD,
      );
      const error: unknown = await load(text).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) return;
      if (!(error instanceof MooringError)) throw error;
      expect(error.place).toMatchObject({ file: 's/c.yaml', line: expect.any(Number), column: expect.any(Number) });
      expect(error.message).not.toMatch(/undefined|\[object|NaN/);
    }),
    { numRuns: 3000 },
  );
});
