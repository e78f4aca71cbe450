// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { describe, expect, test } from 'vitest';
import { loadMemory, type MemoryProject, refusalOf } from './memory-project.fake.ts';
import type { Service } from './model.ts';

async function services(project: MemoryProject): Promise<Readonly<Record<string, Service>>> {
  const loaded = await loadMemory(project);
  return Object.fromEntries(loaded.project.services.map((service) => [service.name, service]));
}

describe('extends', () => {
  test('merges a service over another of its file, which may extend one itself', async () => {
    const { c } = await services({
      files: {
        'compose.yaml':
          'services:\n  a: { image: a, command: [a], environment: [A=a, B=a, C=a] }\n  b: { extends: a, command: [b], environment: { B: b, C: b } }\n  c: { extends: { service: b }, environment: { C: c } }\n',
      },
    });
    expect(c).toMatchObject({ image: 'a', command: ['b'] });
    expect(c?.environment.map(({ name, value }) => `${name}=${value}`)).toEqual(['A=a', 'B=b', 'C=c']);
  });

  test('takes a base from another file, whose paths begin at its own folder', async () => {
    const { web } = await services({
      files: {
        'compose.yaml': 'services:\n  web: { image: x, extends: { file: ../common/base.yaml, service: base } }\n',
        '/stacks/common/base.yaml':
          'services:\n  base:\n    extends: { file: deep/root.yaml, service: root }\n    env_file: app.env\n    volumes: ["./conf:/conf", "named:/named", "/abs:/abs", { type: bind, source: f, target: /f }]\nvolumes: { named: }\n',
        '/stacks/common/deep/root.yaml': 'services:\n  root: { user: "1", volumes: ["./conf:/root"] }\n',
        '/stacks/common/app.env': 'FROM=common\n',
        '/stacks/common/conf': 'common',
        '/stacks/common/deep/conf': 'deep',
        '/stacks/common/f': 'f',
        // A base brings neither networks nor volumes with it.
        'over.yaml': 'volumes: { named: }\n',
      },
      compose: ['compose.yaml', 'over.yaml'],
    });
    expect(web?.environment).toEqual([{ name: 'FROM', value: 'common' }]);
    expect(web?.process.user).toBe('1');
    const contents = web?.mounts.map(({ target, source }) => [
      target,
      source.kind === 'file' ? Buffer.from(source.content.bytes).toString() : source.kind,
    ]);
    expect(contents).toEqual([
      ['/abs', 'host'],
      ['/conf', 'common'],
      ['/f', 'f'],
      ['/named', 'volume'],
      ['/root', 'deep'],
    ]);
  });

  test('is resolved in each file before files are merged', async () => {
    const { web } = await services({
      files: {
        'compose.yaml': 'services:\n  base: { image: base }\n  web: { extends: base, command: [one] }\n',
        'over.yaml': 'services:\n  base: { image: other }\n  web: { command: [two] }\n',
      },
      compose: ['compose.yaml', 'over.yaml'],
    });
    expect(web).toMatchObject({ image: 'base', command: ['two'] });
  });

  test('fills variables of the other file in, and warns of what is unset there', async () => {
    const { project, warnings } = await loadMemory({
      files: {
        'compose.yaml': 'services:\n  web: { extends: { file: b.yaml, service: b } }\n',
        'b.yaml': 'services:\n  b: { image: "$IMAGE", command: ["$UNSET"] }\n',
      },
      variables: { IMAGE: 'nginx' },
    });
    expect(project.services[0]?.image).toBe('nginx');
    expect(warnings.map(({ code, place }) => `${code} ${place?.file}:${place?.line}`)).toEqual([
      'COMPOSE_VAR_UNDEFINED stacks/shop/b.yaml:2',
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'a circle',
      { 'compose.yaml': 'services:\n  a: { extends: b }\n  b: { extends: a }\n' },
      'COMPOSE_EXTENDS_CYCLE 3:17',
    ],
    [
      'a circle over two files',
      {
        'compose.yaml': 'services:\n  a: { extends: { file: b.yaml, service: b } }\n',
        'b.yaml': 'services:\n  b: { extends: { file: compose.yaml, service: a } }\n',
      },
      'COMPOSE_EXTENDS_CYCLE 2:42',
    ],
    [
      'a service that is not there',
      {
        'compose.yaml': 'services:\n  a: { extends: { file: b.yaml, service: c } }\n',
        'b.yaml': 'services: { b: { image: x } }',
      },
      'COMPOSE_EXTENDS_UNKNOWN 2:42',
    ],
    [
      'a file that is not there',
      { 'compose.yaml': 'services:\n  a: { extends: { file: b.yaml, service: b } }\n' },
      'GIT_FILE_MISSING 2:25',
    ],
    [
      'a file outside',
      { 'compose.yaml': 'services:\n  a: { extends: { file: ../../../b.yaml, service: b } }\n' },
      'COMPOSE_PATH_OUTSIDE 2:25',
    ],
    ['no service', { 'compose.yaml': 'services:\n  a: { extends: { file: b.yaml } }\n' }, 'COMPOSE_VALUE 2:17'],
    [
      'an unknown key',
      { 'compose.yaml': 'services:\n  a: { extends: { services: b } }\n' },
      'COMPOSE_UNKNOWN_KEY 2:19',
    ],
    [
      'a chain that nobody can follow',
      {
        'compose.yaml': `services:\n${Array.from({ length: 60 }, (_, index) => `  s${index}: { extends: s${index + 1} }\n`).join('')}  s60: { image: x }\n`,
      },
      'COMPOSE_EXTENDS_CYCLE 52:19',
    ],
    [
      'a network that only the base has',
      {
        'compose.yaml': 'services:\n  a: { image: x, extends: { file: b.yaml, service: b } }\n',
        'b.yaml': 'services:\n  b: { networks: [n] }\nnetworks: { n: }\n',
      },
      'COMPOSE_UNDEFINED_NETWORK 2:19',
    ],
  ])('of %s is refused', async (_, files, refusal) => {
    expect(await refusalOf({ files })).toBe(refusal);
  });
});
