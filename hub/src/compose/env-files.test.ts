// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

async function environment(attributes: string, files: Record<string, string>, variables: Record<string, string> = {}) {
  const service = await memoryService(attributes, { files, variables });
  return Object.fromEntries(service.environment.map(({ name, value }) => [name, value]));
}

describe('env_file', () => {
  test('one after the other, the later wins, and environment wins over all', async () => {
    const files = { 'a.env': 'A=1\nB=1\nC=1\n', 'b.env': 'B=2\nC=2\n' };
    expect(await environment('env_file: [a.env, b.env]\nenvironment: { C: 3 }', files)).toEqual({
      A: '1',
      B: '2',
      C: '3',
    });
    expect(await environment('env_file: a.env', files)).toEqual({ A: '1', B: '1', C: '1' });
  });

  test("a variable stands for the fleet's, then for that of environment, then for one that came before", async () => {
    const files = { 'a.env': 'ONE=file\nTWO=file\nTHREE=file\n', 'b.env': 'ALL=$ONE ${TWO} $THREE ${FOUR:-none}\n' };
    const all = await environment('env_file: [a.env, b.env]\nenvironment: { ONE: own, TWO: own }', files, {
      ONE: 'fleet',
    });
    expect(all['ALL']).toBe('fleet own file none');
  });

  test('a name alone takes the value of the fleet, or nothing', async () => {
    const files = { 'a.env': 'KNOWN\nexport UNKNOWN\n' };
    expect(await environment('env_file: a.env', files, { KNOWN: 'yes' })).toEqual({ KNOWN: 'yes' });
  });

  test('a name that environment leaves without a value takes the image’s own away', async () => {
    const read = await environment('env_file: a.env\nenvironment: [A]', { 'a.env': 'A=1\nB=1\n' });
    expect(Object.entries(read)).toEqual([
      ['A', undefined],
      ['B', '1'],
    ]);
  });

  test('raw is taken as it is', async () => {
    const text = '# comment\n\n  A="quoted $X" # all\nB= spaces \nC\nD=a=b\r\n';
    expect(
      await environment('env_file: [{ path: a.env, format: raw }]', { 'a.env': text }, { X: 'x', C: 'c' }),
    ).toEqual({ A: '"quoted $X" # all', B: ' spaces ', C: 'c', D: 'a=b' });
  });

  test('may be missing where it is not required', async () => {
    expect(await environment('env_file: [{ path: none.env, required: false }]', {})).toEqual({});
  });

  test.each<[string, string, Record<string, string>?]>([
    ['env_file: none.env', 'GIT_FILE_MISSING 4:15'],
    ['env_file: [{ path: none.env }]', 'GIT_FILE_MISSING 4:24'],
    ['env_file: ../../../x.env', 'COMPOSE_PATH_OUTSIDE 4:15'],
    ['env_file: /etc/x.env', 'COMPOSE_PATH_OUTSIDE 4:15'],
    ['env_file: [{ required: false }]', 'COMPOSE_VALUE 4:16'],
    ['env_file: [{ path: a.env, format: json }]', 'COMPOSE_VALUE 4:39', { 'a.env': '' }],
    ['env_file: a.env', 'COMPOSE_VAR_SYNTAX 2:1', { 'a.env': 'A=1\n=2\n' }],
    ['env_file: a.env', 'COMPOSE_VAR_UNDEFINED 1:1', { 'a.env': 'A=${B:?must}\n' }],
    ['env_file: [{ path: a.env, format: raw }]', 'COMPOSE_VAR_SYNTAX 1:1', { 'a.env': 'A B=1\n' }],
    ['env_file: a.env', 'GIT_SYMLINK 4:15', { 'a.env': 'link:b.env' }],
    // A value that doubles in each line.
    ['env_file: a.env', 'RENDER_TOO_LARGE 22:1', { 'a.env': doubling(40) }],
    [
      'env_file: [a.env, a.env, a.env, a.env, a.env]',
      'RENDER_TOO_LARGE 4:44',
      { 'a.env': `A=${'x'.repeat(500_000)}\n` },
    ],
  ])('%s is refused', async (attributes, refusal, files = {}) => {
    expect(await memoryRefusal(attributes, { files })).toBe(refusal);
  });
});

function doubling(lines: number): string {
  return Array.from({ length: lines }, (_, index) =>
    index === 0 ? 'A0=xx' : `A${index}=$A${index - 1}$A${index - 1}`,
  ).join('\n');
}
