import { describe, expect, test } from 'vitest';
import { loadMemory, refusalOf } from './memory-project.fake.ts';

const FILE =
  'services:\n  always: { image: x }\n  debug: { image: x, profiles: [debug] }\n  front: { image: x, profiles: [web, dev] }\n';

async function active(profiles: string | undefined): Promise<readonly string[]> {
  const variables: Record<string, string> = profiles === undefined ? {} : { COMPOSE_PROFILES: profiles };
  const { project } = await loadMemory({ files: { 'compose.yaml': FILE }, variables });
  return project.services.map(({ name }) => name);
}

describe('a service with profiles', () => {
  test('is active where one of them is enabled', async () => {
    expect(await active(undefined)).toEqual(['always']);
    expect(await active('')).toEqual(['always']);
    expect(await active('dev')).toEqual(['always', 'front']);
    expect(await active('web, debug')).toEqual(['always', 'debug', 'front']);
    expect(await active('*')).toEqual(['always', 'debug', 'front']);
  });

  test('is not resolved where it is inactive', async () => {
    const file =
      'services:\n  a: { image: x }\n  b: { image: x, profiles: [p], env_file: none.env, volumes: ["none:/n"] }\n';
    const { project } = await loadMemory({ files: { 'compose.yaml': file } });
    expect(project.services.map(({ name }) => name)).toEqual(['a']);
  });

  test('is missed by those that require it, and by nobody else', async () => {
    const file = (required: boolean) =>
      `services:\n  a: { image: x, depends_on: { b: { condition: service_started, required: ${required} } } }\n  b: { image: x, profiles: [p] }\n`;
    const { project } = await loadMemory({ files: { 'compose.yaml': file(false) } });
    expect(project.services[0]?.dependsOn).toEqual([]);
    expect(await refusalOf({ files: { 'compose.yaml': file(true) } })).toBe('COMPOSE_DEPENDS_UNKNOWN 2:32');
    const enabled = { files: { 'compose.yaml': file(true) }, variables: { COMPOSE_PROFILES: 'p' } };
    expect((await loadMemory(enabled)).project.services.length).toBe(2);
  });

  test('that is undefined is missed even where it is not required', async () => {
    const file = 'services:\n  a: { image: x, depends_on: { b: { condition: service_started, required: false } } }\n';
    expect(await refusalOf({ files: { 'compose.yaml': file } })).toBe('COMPOSE_DEPENDS_UNKNOWN 2:32');
  });

  test('beside no other leaves nothing to run, which is no stack', async () => {
    const file = 'services:\n  a: { image: x, profiles: [p] }\n';
    expect(await refusalOf({ files: { 'compose.yaml': file } })).toBe('COMPOSE_EMPTY 2:3');
  });

  test('is all that asks for the variable: other stacks do not depend on it', async () => {
    const asked: string[] = [];
    const { loadProject } = await import('./load-project.ts');
    const { memoryRepository } = await import('./memory-repository.fake.ts');
    await loadProject({
      stack: 'shop',
      folder: '',
      files: ['c.yaml'],
      variables: { get: (name) => void asked.push(name) },
      repository: memoryRepository({ 'c.yaml': 'services: { a: { image: x } }' }),
    });
    expect(asked).toEqual([]);
  });
});
