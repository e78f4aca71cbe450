// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { checkComposeFile } from './check-compose-file.ts';
import { countCpuTime } from './cpu-time.fake.ts';
import { type LoadedProject, loadProject } from './load-project.ts';
import { memoryRepository } from './memory-repository.fake.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

function load(
  files: Files,
  variables: Readonly<Record<string, string>> = {},
  names = ['compose.yaml'],
): Promise<LoadedProject> {
  const inStack = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name.startsWith('/') ? name.slice(1) : `stacks/shop/${name}`, text]),
  );
  return loadProject({
    stack: 'shop',
    folder: 'stacks/shop',
    files: names,
    variables: { get: (name) => variables[name] },
    repository: memoryRepository(inStack),
  });
}

async function web(attributes: string, files: Files = {}, variables: Readonly<Record<string, string>> = {}) {
  const indented = attributes
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  const { project } = await load(
    { 'compose.yaml': `services:\n  web:\n    image: nginx\n${indented}\nvolumes: { data: }\n`, ...files },
    variables,
  );
  const [service] = project.services;
  if (service === undefined) throw new Error('no service');
  return service;
}

async function refusal(files: Files, variables: Readonly<Record<string, string>> = {}): Promise<MooringError> {
  try {
    await load(files, variables);
  } catch (error) {
    if (error instanceof MooringError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('a service', () => {
  test('is resolved to numbers, lists and places', async () => {
    const service = await web(
      'command: sh -c "echo hi there"\nmem_limit: 64m\nports: ["127.0.0.1:8080:80", "9000-9001:90-91/udp"]\nrestart: on-failure:3\nhealthcheck: { test: curl x, interval: 1m30s, retries: 4 }\nlabels: [a=b, c]\nenvironment: { B: 1.10, A: yes, M: 0440 }',
    );
    expect(service.command).toEqual(['sh', '-c', 'echo hi there']);
    expect(service.limits.memoryBytes).toBe(64 * 1024 * 1024);
    expect(service.ports).toEqual([
      { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: '8080', published: true },
      { containerPort: 90, protocol: 'udp', hostAddress: '', hostPort: '9000', published: true },
      { containerPort: 91, protocol: 'udp', hostAddress: '', hostPort: '9001', published: true },
    ]);
    expect(service.restart).toEqual({ name: 'on-failure', maximumRetries: 3 });
    expect(service.healthcheck).toMatchObject({
      test: ['CMD-SHELL', 'curl x'],
      intervalNanos: 90_000_000_000n,
      retries: 4,
    });
    expect(service.labels).toEqual([
      { name: 'a', value: 'b' },
      { name: 'c', value: '' },
    ]);
    expect(service.environment).toEqual([
      { name: 'A', value: 'yes' },
      { name: 'B', value: '1.1' },
      { name: 'M', value: '288' },
    ]);
    expect(service.networks).toMatchObject([{ network: 'default', aliases: [], ipv4Address: '' }]);
  });

  test('keeps the command of its image where the file says nothing or an empty list', async () => {
    expect((await web('command: []')).command).toBeUndefined();
    expect((await web('entrypoint: []')).entrypoint).toEqual([]);
    expect((await web('restart: "no"')).restart).toEqual({ name: 'no', maximumRetries: 0 });
  });

  test('mounts what is in Git read-only, what is not as data, and named volumes', async () => {
    const service = await web(
      'volumes: [./nginx.conf:/etc/nginx.conf, ./www:/www:ro, ./uploads:/uploads, data:/data, /srv/x/:/x, /cache]',
      {
        'nginx.conf': 'server {}',
        'www/index.html': 'hi',
        'www/cgi/run.sh': '#!/bin/sh',
      },
    );
    expect(service.mounts.map(({ target, readOnly, source }) => [target, readOnly, source.kind])).toEqual([
      ['/cache', false, 'anonymous'],
      ['/data', false, 'volume'],
      ['/etc/nginx.conf', true, 'file'],
      ['/uploads', false, 'data'],
      ['/www', true, 'tree'],
      ['/x', false, 'host'],
    ]);
    const tree = service.mounts.find(({ target }) => target === '/www')?.source;
    expect(tree?.kind === 'tree' && tree.entries.map(({ path, content }) => [path, content.executable])).toEqual([
      ['cgi/run.sh', true],
      ['index.html', false],
    ]);
  });

  test('takes variables from the given source only, with every operator', async () => {
    process.env['ONLY_HERE'] = 'leak';
    const service = await web(
      'environment: { A: "${X:-d}", B: "${X-d}", C: "${E:-d}", D: "${E-d}", F: "${X:+r}", G: "${N:-${X}}", H: "$$X $X", I: "${ONLY_HERE}" , X: }',
      {},
      { X: 'x', E: '' },
    );
    delete process.env['ONLY_HERE'];
    expect(service.environment.map(({ name, value }) => `${name}=${value}`)).toEqual([
      'A=x',
      'B=x',
      'C=d',
      'D=',
      'F=r',
      'G=x',
      'H=$X x',
      'I=',
      'X=x',
    ]);
  });

  test('mounts configs and secrets from files', async () => {
    const { project } = await load({
      'compose.yaml':
        'services:\n  a: { image: x, configs: [{ source: c, target: /etc/c }], secrets: [s] }\nconfigs: { c: { file: ./c.txt } }\nsecrets: { s: { file: ../shared/s.txt } }\n',
      'c.txt': 'c',
      '/stacks/shared/s.txt': 's',
    });
    expect(project.services[0]?.mounts.map(({ target, readOnly }) => [target, readOnly])).toEqual([
      ['/etc/c', true],
      ['/run/secrets/s', true],
    ]);
  });
});

describe('several files', () => {
  test('merge by the Compose rules', async () => {
    const { project } = await load(
      {
        'compose.yaml':
          'services:\n  web:\n    image: a\n    command: [one]\n    environment: [A=1, B=1]\n    ports: ["80:80"]\n    volumes: ["data:/d"]\n    networks: [front]\nnetworks: { front: , back: }\nvolumes: { data: , more: }\n',
        'over.yaml':
          'services:\n  web:\n    command: [two]\n    environment: { B: 2 }\n    ports: ["81:81"]\n    volumes: ["more:/d"]\n    networks: { back: { aliases: [b] } }\n',
      },
      {},
      ['compose.yaml', 'over.yaml'],
    );
    const [service] = project.services;
    expect(service?.command).toEqual(['two']);
    expect(service?.environment).toEqual([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]);
    expect(service?.ports.map(({ hostPort }) => hostPort)).toEqual(['80', '81']);
    expect(service?.mounts.map(({ source }) => source)).toEqual([{ kind: 'volume', volume: 'more' }]);
    expect(service?.networks.map(({ network }) => network)).toEqual(['back', 'front']);
    expect(project.networks.map(({ name }) => name)).toEqual(['shop_back', 'shop_front']);
  });

  test('resolve anchors and merge keys', async () => {
    const { project } = await load({
      'compose.yaml':
        'x-base: &base\n  image: nginx\n  restart: always\nservices:\n  a: { <<: *base }\n  b:\n    <<: *base\n    restart: unless-stopped\n',
    });
    expect(project.services.map(({ name, restart }) => [name, restart?.name])).toEqual([
      ['a', 'always'],
      ['b', 'unless-stopped'],
    ]);
  });
});

describe('what changes nothing', () => {
  test('owner and mode of a file are fine where they are what the container sees', async () => {
    const mounts = async (reference: string) =>
      (
        await web(`configs: [{ source: c, target: /c, ${reference} }]`, {
          'compose.yaml': `services: { web: { image: x, configs: [{ source: c, ${reference} }] } }\nconfigs: { c: { file: c } }\n`,
          c: 'c',
        })
      ).mounts.length;
    expect(await mounts('uid: "0", gid: 0, mode: 0444')).toBe(1);
    expect(await mounts('mode: "0444"')).toBe(1);
    for (const other of ['uid: "1"', 'gid: 1000', 'mode: 0440', 'mode: 444'])
      await expect(mounts(other)).rejects.toMatchObject({ code: 'COMPOSE_UNSUPPORTED_KEY' });
  });

  test('networks and volumes that nobody uses are left out; what others make keeps its name', async () => {
    const { project } = await load({
      'compose.yaml':
        'services: { a: { image: x, networks: [one, two], volumes: ["three:/3"] } }\nnetworks: { one: { external: true }, two: { external: { name: II } }, no: }\nvolumes: { three: { name: III }, none: }\n',
    });
    expect(project.networks.map(({ key, name, external }) => [key, name, external])).toEqual([
      ['one', 'one', true],
      ['two', 'II', true],
    ]);
    expect(project.volumes.map(({ key, name }) => [key, name])).toEqual([['three', 'III']]);
  });

  test('a port that the engine chooses, and ranges of the host', async () => {
    const { ports } = await web('ports: ["0:80", "127.0.0.1::81", "8000-8010:82", { target: 83, published: "" }]');
    expect(ports.map(({ containerPort, hostPort }) => [containerPort, hostPort])).toEqual([
      [80, ''],
      [81, ''],
      [82, '8000-8010'],
      [83, ''],
    ]);
  });

  test('no digit of a long number is lost', async () => {
    const { environment } = await web('environment: { ID: 123456789012345678 }');
    expect(environment).toEqual([{ name: 'ID', value: '123456789012345678' }]);
  });
});

describe('a file that nobody chose', () => {
  test('is checked for its keys and variables, not for what it lacks', async () => {
    const check = (text: string) =>
      checkComposeFile({ path: 'over.yaml', repository: memoryRepository({ 'over.yaml': text }) });
    await check('services: { web: { environment: { A: "${B:?must}" } } }');
    await expect(check('services: { web: { command: "${B" } }')).rejects.toMatchObject({
      code: 'COMPOSE_VAR_SYNTAX',
      place: { file: 'over.yaml', line: 1, column: 29, field: 'services.web.command' },
    });
    await expect(check('services: { web: { prots: [] } }')).rejects.toMatchObject({
      code: 'COMPOSE_UNKNOWN_KEY',
      hint: 'Did you mean "ports"?',
    });
  });
});

describe('warnings', () => {
  test('name each unset variable once, with its place', async () => {
    const { warnings } = await load({ 'compose.yaml': 'services:\n  a:\n    image: x\n    command: [$A, $A]\n' });
    expect(warnings.map(({ code, place }) => [code, place?.line, place?.column])).toEqual([
      ['COMPOSE_VAR_UNDEFINED', 4, 15],
    ]);
  });
});

const service = (attributes: string) => `services:\n  web:\n    image: nginx\n    ${attributes}\n`;
const nested = (depth: number) => `a: ${'['.repeat(depth)}${']'.repeat(depth)}`;
const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`),
].join('\n');

describe('a file that cannot be used is refused with code and place', () => {
  test.each<[string, string | Uint8Array, string, (string | undefined)?]>([
    ['deep nesting', nested(1000), 'YAML_TOO_DEEP', '1:'],
    ['an alias bomb', bomb, 'YAML_TOO_MANY_NODES'],
    ['a recursive alias', 'a: &a [*a]', 'YAML_RECURSIVE_ALIAS', '1:8'],
    ['more bytes than are read', `a: ${'x'.repeat(1_100_000)}`, 'FILE_TOO_LARGE'],
    ['a duplicate key', 'services: {}\nservices: {}\n', 'YAML_DUPLICATE_KEY', '2:1'],
    ['a key that reaches the prototype', 'services:\n  __proto__: {}\n', 'YAML_FORBIDDEN_KEY', '2:3'],
    ['the same through a merge', 'x: &x { constructor: 1 }\nservices: { <<: *x }\n', 'YAML_FORBIDDEN_KEY', '1:9'],
    ['an unknown tag', 'services: !!js/function x', 'YAML_TAG', '1:11'],
    ['two documents', 'a: 1\n---\nb: 1\n', 'YAML_MULTI_DOC', '2:1'],
    ['a tab', 'services:\n\tweb: 1\n', 'YAML_SYNTAX', '2:1'],
    ['an open quote', 'services: "x', 'YAML_SYNTAX', '1:'],
    ['an empty file', '', 'COMPOSE_EMPTY'],
    ['only a comment', '# nothing\n', 'COMPOSE_EMPTY'],
    ['a scalar', 'hello', 'COMPOSE_ROOT_TYPE', '1:1'],
    ['a list', '- a', 'COMPOSE_ROOT_TYPE', '1:1'],
    ['a number as a name', 'services:\n  1: { image: x }\n', 'YAML_KEY_TYPE', '2:3'],
    ['an unknown top-level key', 'service: {}', 'COMPOSE_UNKNOWN_KEY', '1:1'],
    ['an unknown attribute', service('imagee: x'), 'COMPOSE_UNKNOWN_KEY', '4:5'],
    ['an attribute that is not supported', service('develop: {}'), 'COMPOSE_UNSUPPORTED_KEY', '4:5'],
    ['a build without an image', 'services:\n  web:\n    build: .\n', 'COMPOSE_UNSUPPORTED_KEY', '3:12'],
    ['an attribute that comes later', service('pre_start: []'), 'COMPOSE_UNSUPPORTED_KEY', '4:5'],
    ['a link to nobody', service('links: [nobody]'), 'COMPOSE_DEPENDS_UNKNOWN', '4:13'],
    ['a path outside the repository', service('volumes: [../../../x:/x]'), 'COMPOSE_PATH_OUTSIDE', '4:15'],
    ['a required variable', service('command: ${A:?say it}'), 'COMPOSE_VAR_UNDEFINED', '4:14'],
    ['an open variable', service('command: ${A'), 'COMPOSE_VAR_SYNTAX', '4:14'],
    ['a port out of range', service('ports: ["99999:80"]'), 'COMPOSE_PORT', '4:13'],
    ['a negative port', service('ports: [-1]'), 'COMPOSE_PORT', '4:13'],
    ['too many parts of a port', service('ports: ["80:80:80:80"]'), 'COMPOSE_PORT', '4:13'],
    ['port ranges that differ', service('ports: ["80-82:80-81"]'), 'COMPOSE_PORT', '4:13'],
    ['an upper-case image', 'services:\n  web:\n    image: Nginx\n', 'IMAGE_REF', '3:12'],
    ['a short digest', 'services:\n  web:\n    image: nginx@sha256:abc\n', 'IMAGE_REF', '3:12'],
    ['no image', 'services:\n  web:\n    command: x\n', 'COMPOSE_IMAGE_MISSING'],
    ['an unknown dependency', service('depends_on: [db]'), 'COMPOSE_DEPENDS_UNKNOWN', '4:18'],
    ['a dependency on itself', service('depends_on: [web]'), 'COMPOSE_DEPENDS_CYCLE', '4:18'],
    ['a size that is none', service('mem_limit: 1ZB'), 'COMPOSE_QUANTITY', '4:16'],
    ["an interval below the engine's", service('healthcheck: { test: x, interval: 1ns }'), 'COMPOSE_QUANTITY', '4:39'],
    ['a duration without unit', service('healthcheck: { test: x, interval: 90 }'), 'COMPOSE_DURATION', '4:39'],
    ['a boolean for text', service('restart: false'), 'COMPOSE_TYPE', '4:14'],
    ['a date for text', service('environment: { A: 2024-01-01 }'), 'COMPOSE_TYPE', '4:23'],
    ['a reserved label', service('labels: { io.mooring.stack: x }'), 'LABEL_RESERVED', '4:33'],
    ['a name that is too long', `services:\n  ${'x'.repeat(300)}: { image: x }\n`, 'NAME_INVALID'],
    ['another name', 'name: other\nservices: { a: { image: x } }\n', 'COMPOSE_NAME', '1:7'],
    ['an undefined network', service('networks: [front]'), 'COMPOSE_UNDEFINED_NETWORK', '4:16'],
    ['an undefined volume', service('volumes: ["data:/d"]'), 'COMPOSE_UNDEFINED_VOLUME', '4:15'],
    ['an undefined secret', service('secrets: [s]'), 'COMPOSE_UNDEFINED_SECRET', '4:15'],
    ['a drive letter', service('volumes: ["v:/v"]'), 'COMPOSE_VOLUME', '4:15'],
    ['a fetched include', 'include: [oci://example.com/x]\nservices: {}', 'COMPOSE_REMOTE_REF', '1:11'],
    [
      'a fetched base',
      service('extends: { file: https://example.com/x.git, service: a }'),
      'COMPOSE_REMOTE_REF',
      '4:22',
    ],
    ['an unknown base', service('extends: { service: a }'), 'COMPOSE_EXTENDS_UNKNOWN', '4:25'],
    ['a base in a file that is missing', service('extends: { service: a, file: b.yaml }'), 'GIT_FILE_MISSING', '4:34'],
    ['a service that extends itself', service('extends: web'), 'COMPOSE_EXTENDS_CYCLE', '4:14'],
    ['a number among arguments', service('command: [sleep, 5]'), 'COMPOSE_TYPE', '4:22'],
    ['a number among variables', service('environment: [A=1, 5]'), 'COMPOSE_TYPE', '4:24'],
    ['a duration without end', service('healthcheck: { interval: 9999999h }'), 'COMPOSE_QUANTITY', '4:30'],
    ['a count without end', service('healthcheck: { retries: 4294967296 }'), 'COMPOSE_QUANTITY', '4:29'],
    ['a test that is disabled', service('healthcheck: { test: x, disable: true }'), 'COMPOSE_CONFLICT', '4:26'],
    [
      'labels of what others make',
      'services: { a: { image: x } }\nnetworks: { n: { external: true, labels: [a] } }',
      'COMPOSE_CONFLICT',
      '2:42',
    ],
    [
      'two limits',
      service('mem_limit: 64m\n    deploy: { resources: { limits: { memory: 65m } } }'),
      'COMPOSE_CONFLICT',
      '3:5',
    ],
    [
      'waiting for what is never healthy',
      'services:\n  a: { image: x, depends_on: { b: { condition: service_healthy } } }\n  b: { image: x, healthcheck: { disable: true } }\n',
      'COMPOSE_CONFLICT',
      '2:32',
    ],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe]), 'FILE_NOT_UTF8'],
    [
      'a clash of ports',
      'services:\n  a: { image: x, ports: ["80:80"] }\n  b: { image: x, ports: ["0.0.0.0:80:81"] }\n',
      'PORT_CONFLICT',
      '3:26',
    ],
  ])('%s', async (...row) => {
    const [, text, code, position] = row;
    const spent = countCpuTime();
    const error = await refusal({ 'compose.yaml': text });
    expect(error.code).toBe(code);
    expect(error.place?.file).toBe('stacks/shop/compose.yaml');
    if (position !== undefined)
      expect(`${error.place?.line}:${error.place?.column}`).toMatch(new RegExp(`^${position}`));
    expect(spent()).toBeLessThan(1000);
  });

  test('a link, a submodule, a file that is missing, a writable mount of Git', async () => {
    expect((await refusal({ 'compose.yaml': 'link:/etc/passwd' })).code).toBe('GIT_SYMLINK');
    expect((await refusal({ 'compose.yaml': 'submodule:x' })).code).toBe('GIT_SUBMODULE');
    expect((await refusal({ 'other.yaml': '' })).code).toBe('GIT_FILE_MISSING');
    expect((await refusal({ 'compose.yaml': `${service('configs: [c]')}configs: { c: { file: ./no } }\n` })).code).toBe(
      'GIT_FILE_MISSING',
    );
    expect((await refusal({ 'compose.yaml': service('volumes: ["./a:/a:rw"]'), a: 'x' })).code).toBe(
      'COMPOSE_BIND_WRITABLE',
    );
  });

  test('many keys are read quickly', async () => {
    const spent = countCpuTime();
    const keys = Array.from({ length: 40_000 }, (_, index) => `x-${index}: 1`).join('\n');
    await load({ 'compose.yaml': `${keys}\nservices: { a: { image: x } }\n` });
    expect(spent()).toBeLessThan(1000);
  });
});
