// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { checkComposeFile } from './check-compose-file.ts';
import { countCpuTime } from './cpu-time.fake.ts';
import { loadProject } from './load-project.ts';
import { memoryRepository } from './memory-repository.fake.ts';

/** Milliseconds of this thread's CPU within which any input is read or refused: how busy the machine is says nothing about the input. */
const QUICK = 1000;
/** Milliseconds that one input may take on a machine that is busy with others. */
const PATIENCE = 60_000;
/** What a message may grow to, whatever it quotes. */
const MESSAGE_LENGTH = 1500;

const many = (count: number, item: (index: number) => string, between = '\n'): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(between);
const web = (attribute: string): string => `services:\n  web:\n    image: nginx\n    ${attribute}\n`;

const INPUTS: Readonly<Record<string, readonly [text: string | Uint8Array, code: string | undefined]>> = {
  'lists in lists': [`a: ${'['.repeat(500_000)}`, 'YAML_TOO_DEEP'],
  'mappings in mappings': [`a: ${'{a: '.repeat(200_000)}`, 'YAML_TOO_DEEP'],
  'items in items': ['- '.repeat(500_000), 'YAML_TOO_DEEP'],
  'keys in keys': ['? '.repeat(400_000), 'YAML_TOO_DEEP'],
  'deep blocks': [many(1000, (index) => `${' '.repeat(index)}a:`), 'YAML_TOO_DEEP'],
  'depth through aliases': [
    many(
      1000,
      (index) => `a${index}: &a${index} ${'['.repeat(50)}${index === 0 ? 'x' : `*a${index - 1}`}${']'.repeat(50)}`,
    ),
    'YAML_TOO_DEEP',
  ],
  'a bomb of merge keys': [
    `a0: &a0 {${many(9000, (index) => `k${index}: 1`, ',')}}\n${many(1000, (index) => `a${index + 1}: &a${index + 1} {<<: *a${index}}`)}`,
    'YAML_TOO_MANY_NODES',
  ],
  'a list of merges': [
    `a: &a {${many(900, (index) => `k${index}: 1`, ',')}}\nb: {<<: [${'*a,'.repeat(10_000)}]}`,
    'YAML_TOO_MANY_NODES',
  ],
  'variables in variables': [web(`command: "${'${A:-'.repeat(100_000)}${'}'.repeat(100_000)}"`), 'COMPOSE_VAR_SYNTAX'],
  'variables that stay open': [web(`command: "${'${A:-'.repeat(150_000)}"`), 'COMPOSE_VAR_SYNTAX'],
  'a long variable, often': [web(`environment: [${many(9000, () => '"A=$BIG"', ',')}]`), 'RENDER_TOO_LARGE'],
  'a chain of services': [
    `services:\n${many(9000, (index) => `  s${index}: { image: x, depends_on: [s${index + 1}] }`)}\n  s9000: { image: x }\n`,
    undefined,
  ],
  'a circle of services': [
    `services:\n${many(9000, (index) => `  s${index}: { image: x, depends_on: [s${(index + 1) % 9000}] }`)}\n`,
    'COMPOSE_DEPENDS_CYCLE',
  ],
  'every port': [web('ports: ["1-65535:1-65535"]'), 'COMPOSE_PORT'],
  'a range, often': [web(`ports: [${'"1-20000:1-20000",'.repeat(2000)}]`), 'COMPOSE_PORT'],
  'a range of the host, often': [web(`ports: [${'"1-65535:80",'.repeat(30_000)}]`), 'COMPOSE_PORT'],
  'ports of many services': [
    `services:\n${many(5000, (index) => `  s${index}: { image: x, ports: ["1-20000"] }`)}`,
    'COMPOSE_PORT',
  ],
  'one port on many addresses': [
    `services:\n${many(9000, (index) => `  s${index}: { image: x, ports: ["10.0.${index >> 8}.${index & 255}:80:80"] }`)}`,
    undefined,
  ],
  'a long image': [`services:\n  web:\n    image: ${'a-'.repeat(300_000)}!\n`, 'IMAGE_REF'],
  'a long port': [web(`ports: ["${'1-'.repeat(400_000)}"]`), 'COMPOSE_PORT'],
  'a long size': [web(`mem_limit: ${'9'.repeat(900_000)}`), 'COMPOSE_QUANTITY'],
  'a long duration': [web(`healthcheck: { interval: "${'1s'.repeat(400_000)}" }`), 'COMPOSE_DURATION'],
  'a long key': [web(`${'k'.repeat(900_000)}: 1`), 'COMPOSE_UNKNOWN_KEY'],
  'a long name': [`services:\n  ${'k'.repeat(900_000)}: { develop: . }\n`, 'COMPOSE_UNSUPPORTED_KEY'],
  'a long alias': [`a: *${'k'.repeat(900_000)}`, 'YAML_SYNTAX'],
  'a long duplicate': [`${'k'.repeat(400_000)}: 1\n${'k'.repeat(400_000)}: 1`, 'YAML_DUPLICATE_KEY'],
  'many keys': [`services: {a: {image: x, environment: {${many(40_000, (index) => `k${index}: 1`, ',')}}}}`, undefined],
  'a large base, extended often': [
    `services:\n  a: { image: x, environment: {${many(5000, (index) => `k${index}: 1`, ',')}} }\n${many(4000, (index) => `  s${index}: { extends: a }`)}`,
    'YAML_TOO_MANY_NODES',
  ],
  'a long chain of bases': [
    `services:\n${many(9000, (index) => `  s${index}: { extends: s${index + 1} }`)}\n  s9000: { image: x }\n`,
    'COMPOSE_EXTENDS_CYCLE',
  ],
  'a circle of bases': [
    `services:\n${many(40, (index) => `  s${index}: { extends: s${(index + 1) % 40} }`)}\n`,
    'COMPOSE_EXTENDS_CYCLE',
  ],
  'more containers than a host has': [web('scale: 2147483647'), 'COMPOSE_QUANTITY'],
  'every port, exposed': [web('expose: ["1-65535"]'), 'COMPOSE_PORT'],
  'a range, exposed often': [web(`expose: [${'"1-20000",'.repeat(2000)}]`), 'COMPOSE_PORT'],
  'a long host': [web(`extra_hosts: ["${'a:'.repeat(400_000)}"]`), 'COMPOSE_VALUE'],
  'a long device': [web(`devices: ["${'rwm'.repeat(300_000)}"]`), 'COMPOSE_VALUE'],
  'a long list of CPUs': [web(`cpuset: "${'1-'.repeat(400_000)}"`), 'COMPOSE_VALUE'],
  'a long option of security': [web(`security_opt: ["${'a'.repeat(900_000)}"]`), 'COMPOSE_VALUE'],
  'tags that take away, in each other': [
    many(300, (index) => `x${index}: !reset {a: !reset {b: !override [1]}}`),
    'COMPOSE_UNKNOWN_KEY',
  ],
  'an env file for everybody': [
    `services:\n${many(9000, (index) => `  s${index}: { image: x, env_file: compose.yaml }`)}`,
    'RENDER_TOO_LARGE',
  ],
  'too many values': [`a: [${'1,'.repeat(200_000)}]`, 'YAML_TOO_MANY_NODES'],
  'two merge keys': ['a: &a { b: { image: x } }\nservices:\n  <<: *a\n  <<: *a\n', 'YAML_DUPLICATE_KEY'],
  'a merge of text': ['a: &a x\nservices: { <<: *a }', 'YAML_SYNTAX'],
  'a null byte': ['a: \0', 'YAML_SYNTAX'],
  'a null character': [web('volumes: ["./a\\0b:/x"]'), 'YAML_SYNTAX'],
  'UTF-16': [Buffer.from('services: {}', 'utf16le'), 'YAML_SYNTAX'],
  'half a character': [Buffer.from([0x61, 0x0a, 0xc3]), 'FILE_NOT_UTF8'],
};

describe('input that is made to hurt is read or refused at once', () => {
  test.each(Object.entries(INPUTS))('%s', { timeout: PATIENCE }, async (_, [text, code]) => {
    const repository = memoryRepository({ 'compose.yaml': text });
    const variables = { get: (name: string) => (name === 'BIG' ? 'x'.repeat(100_000) : undefined) };
    for (const work of [
      () => loadProject({ stack: 'shop', folder: '', files: ['compose.yaml'], variables, repository }),
      () => checkComposeFile({ path: 'compose.yaml', repository }),
    ]) {
      const spent = countCpuTime();
      const error: unknown = await work().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(spent()).toBeLessThan(QUICK);
      if (error === undefined) continue;
      if (!(error instanceof MooringError)) throw error;
      expect(error.code).toBe(code);
      expect(error.place).toMatchObject({ file: 'compose.yaml', line: expect.any(Number), column: expect.any(Number) });
      expect(error.message.length).toBeLessThan(MESSAGE_LENGTH);
    }
  });
});
