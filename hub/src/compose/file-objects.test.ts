import { describe, expect, test } from 'vitest';
import { loadMemory, type MemoryProject, refusalOf } from './memory-project.fake.ts';

async function contents(top: string, project: Partial<MemoryProject> = {}): Promise<readonly string[]> {
  const loaded = await loadMemory({ ...project, files: { 'compose.yaml': file(top), ...project.files } });
  return (loaded.project.services[0]?.mounts ?? []).map(({ target, readOnly, source }) => {
    const text = source.kind === 'file' ? Buffer.from(source.content.bytes).toString() : source.kind;
    return `${target} ${readOnly} ${text}`;
  });
}

function file(top: string): string {
  const names = [...top.matchAll(/^(configs|secrets): \{ (\w+):/gm)].map(([, kind, name]) => `${kind}: [${name}]`);
  return `services:\n  web: { image: x, ${names.join(', ')} }\n${top}\n`;
}

describe('configs and secrets', () => {
  test.each<[string, string, Partial<MemoryProject>]>([
    ['configs: { c: { content: "hello $WHO" } }', '/c true hello world', { variables: { WHO: 'world' } }],
    ['configs: { c: { environment: WHO } }', '/c true world', { variables: { WHO: 'world' } }],
    ['secrets: { s: { environment: WHO } }', '/run/secrets/s true world', { variables: { WHO: 'world' } }],
    ['secrets: { s: { file: ./s.txt } }', '/run/secrets/s true s', { files: { 's.txt': 's' } }],
  ])('%s', async (top, mount, project) => {
    expect(await contents(top, project)).toEqual([mount]);
  });

  test('that nobody mounts are not read', async () => {
    expect(await contents('secrets: { s: { environment: A }, t: { file: none } }', { variables: { A: 'a' } })).toEqual([
      '/run/secrets/s true a',
    ]);
  });

  test.each([
    ['configs: { c: { content: a, environment: B } }', 'COMPOSE_CONFLICT 3:42'],
    ['configs: { c: {} }', 'COMPOSE_VALUE 3:15'],
    ['secrets: { s: { environment: NONE } }', 'COMPOSE_VAR_UNDEFINED 3:30'],
    ['secrets: { s: { content: x } }', 'COMPOSE_UNKNOWN_KEY 3:17'],
    ['secrets: { s: { external: true } }', 'COMPOSE_UNSUPPORTED_KEY 3:17'],
    ['configs: { c: { file: ., labels: [a] } }', 'GIT_FILE_MISSING 3:23'],
  ])('%s is refused', async (top, refusal) => {
    expect(await refusalOf({ files: { 'compose.yaml': file(top) } })).toBe(refusal);
  });
});
