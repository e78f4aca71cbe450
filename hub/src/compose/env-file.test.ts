// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { countCpuTime } from './cpu-time.fake.ts';
import { parseEnvFile } from './env-file.ts';

describe('a .env file', () => {
  test.each<[string, Record<string, string>]>([
    ['A=1\nB=two words \n', { A: '1', B: 'two words' }],
    ['\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['export A=1\nB: 2\n  C = 3', { A: '1', B: '2', C: '3' }],
    ['# comment\n\nA=1 # comment\nB=x#y\nC= # nothing\nD=#', { A: '1', B: 'x#y', C: '', D: '' }],
    ['A=\nB=1', { A: '', B: '1' }],
    ['A="a # b" # c\nB=\'a # b\'', { A: 'a # b', B: 'a # b' }],
    ['A="x\\n\\t\\"y\\"\\\\"', { A: 'x\n\t"y"\\' }],
    ["A='x\\n$B'", { A: 'x\\n$B' }],
    ["A='it\\'s'", { A: "it's" }],
    ['A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
    ['A=a\nB=$A-${A}-${U:-d}\nC="<$A>"\nD=$U', { A: 'a', B: 'a-a-d', C: '<a>', D: '' }],
    ['A="\\$B"\nC=$$D', { A: '$B', C: '$D' }],
    ['BARE\nexport OTHER\nA=1', { A: '1' }],
    ['A=1\nA=2', { A: '2' }],
    ['A=pa$$$w$', { A: 'pa$$' }],
    ['A=^x$', { A: '^x$' }],
    ['A.b-c=1', { 'A.b-c': '1' }],
  ])('%j', (text, values) => {
    expect({ ...parseEnvFile(text) }).toEqual(values);
  });

  test.each([
    ['A=1\nB="x', 2],
    ['A=1\n\n1=x', 3],
    ['A=1\n=x', 2],
    ["A='x' y", 1],
    ['A=1\nB=${', 2],
    ['A b=1', 1],
  ])('%j is refused in its line', (text, line) => {
    const error = failure(text);
    expect(error.code).toBe('COMPOSE_VAR_SYNTAX');
    expect(error.place?.line).toBe(line);
  });

  test('never tells a value', () => {
    expect(failure('PASSWORD="hunter2').message).not.toContain('hunter2');
    expect(failure('PASSWORD=hunter2${').message).not.toContain('hunter2');
  });

  test('keeps a name that reaches the prototype as a name', () => {
    const values = parseEnvFile('__proto__=1');
    expect(Object.entries(values)).toEqual([['__proto__', '1']]);
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
  });

  test.each(['A="', 'A=', '', 'A=x'])('reads a megabyte after %j at once', (start) => {
    const spent = countCpuTime();
    for (const filler of ['x\n', ' ', '\\', '$$', '#\n']) {
      try {
        parseEnvFile(start + filler.repeat(500_000));
      } catch (error) {
        expect(error).toBeInstanceOf(MooringError);
      }
    }
    expect(spent()).toBeLessThan(2000);
  });
});

function failure(text: string): MooringError {
  try {
    parseEnvFile(text);
  } catch (error) {
    if (error instanceof MooringError) return error;
    throw error;
  }
  throw new Error('accepted');
}
