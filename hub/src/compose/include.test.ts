// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { describe, expect, test } from 'vitest';
import { loadProject } from './load-project.ts';
import { memoryRepository } from './memory-repository.fake.ts';

function load(files: Readonly<Record<string, string>>) {
  return loadProject({
    stack: 'shop',
    folder: 'stacks/shop',
    files: ['compose.yaml'],
    variables: { get: (name) => (name === 'BOTH' ? 'of the stack' : undefined) },
    repository: memoryRepository({ 'stacks/shop/f': 'f', ...files }),
  });
}
const services = async (files: Readonly<Record<string, string>>) => (await load(files)).project.services;

describe('what a file includes', () => {
  test('is part of the stack, its paths seen from its own folder', async () => {
    const [db, web] = await services({
      'stacks/shop/compose.yaml': 'include: [../common/db.yaml]\nservices: { web: { image: w, depends_on: [db] } }\n',
      'stacks/common/db.yaml':
        'services: { db: { image: d, env_file: e.env, configs: [c], volumes: ["./s.sql:/s.sql"] } }\nconfigs: { c: { file: c.txt } }\n',
      'stacks/common/e.env': 'A=1\n',
      'stacks/common/c.txt': 'c',
      'stacks/common/s.sql': 's',
    });
    expect(db?.environment).toEqual([{ name: 'A', value: '1' }]);
    expect(db?.mounts.map(({ target, source }) => [target, source.kind])).toEqual([
      ['/c', 'file'],
      ['/s.sql', 'file'],
    ]);
    expect(web?.dependsOn.map(({ service }) => service)).toEqual(['db']);
  });

  test('has variables of its own, beside those of the stack, which win', async () => {
    const [db] = await services({
      'stacks/shop/compose.yaml': 'include: [db/compose.yaml]\nservices: { web: { image: w } }\n',
      'stacks/shop/db/compose.yaml': 'services: { db: { image: d, command: ["${OWN}", "${BOTH}"] } }\n',
      'stacks/shop/db/.env': 'OWN=of the part\nBOTH=of the part\n',
    });
    expect(db?.command).toEqual(['of the part', 'of the stack']);
  });

  test('may be several files, of another folder', async () => {
    const [db] = await services({
      'stacks/shop/compose.yaml':
        'include: [{ path: [a.yaml, b.yaml], project_directory: ../data, env_file: v.env }]\nservices: { web: { image: w } }\n',
      'stacks/shop/a.yaml': 'services: { db: { image: "d:${TAG}", volumes: ["./f:/f"] } }\n',
      'stacks/shop/b.yaml': 'services: { db: { labels: [a=b] } }\n',
      'stacks/shop/v.env': 'TAG=7\n',
      'stacks/data/f': 'of data',
    });
    expect(db).toMatchObject({
      image: 'd:7',
      labels: [{ name: 'a', value: 'b' }],
      mounts: [{ source: { kind: 'file' } }],
    });
  });

  test.each<[what: string, files: Readonly<Record<string, string>>, code: string, at: string]>([
    ['itself', { 'stacks/shop/compose.yaml': 'include: [compose.yaml]\n' }, 'COMPOSE_INCLUDE_CYCLE', 'compose.yaml:1'],
    [
      'each other',
      { 'stacks/shop/compose.yaml': 'include: [b.yaml]\n', 'stacks/shop/b.yaml': '\ninclude: [compose.yaml]\n' },
      'COMPOSE_INCLUDE_CYCLE',
      'b.yaml:2',
    ],
    [
      'nothing that is there',
      { 'stacks/shop/compose.yaml': '\ninclude: [b.yaml]\n' },
      'GIT_FILE_MISSING',
      'compose.yaml:2',
    ],
    [
      'what lies outside',
      { 'stacks/shop/compose.yaml': 'include: [../../../b.yaml]\n' },
      'COMPOSE_PATH_OUTSIDE',
      'compose.yaml:1',
    ],
    [
      'a service that stands there already',
      {
        'stacks/shop/compose.yaml': 'include: [b.yaml]\nservices:\n  db: { image: a }\n',
        'stacks/shop/b.yaml': 'services: { db: { image: b } }\n',
      },
      'COMPOSE_CONFLICT',
      'compose.yaml:3',
    ],
  ])('is refused where it is %s', async (...[, files, code, at]) => {
    const [file = '', line = ''] = at.split(':');
    const place = { file: `stacks/shop/${file}`, line: Number(line) };
    await expect(load(files)).rejects.toMatchObject({ code, place });
  });
});
