// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { describe, expect, test } from 'vitest';
import { evaluateTemplate, parseTemplate, TemplateError, VariableMissing } from './template.ts';

function fill(text: string, values: Readonly<Record<string, string>> = {}) {
  const asked: string[] = [];
  const unset: string[] = [];
  const result = evaluateTemplate(parseTemplate(text), {
    get: (name) => {
      asked.push(name);
      return values[name];
    },
    unset: (name) => unset.push(name),
  });
  return { result, asked, unset };
}

const V = (inside: string): string => `$${'{'}${inside}}`;
const SET = { A: 'a', E: '' };

describe('a template', () => {
  test.each([
    ['plain text', 'plain text'],
    ['$A-$A.', 'a-a.'],
    ['$AB', ''],
    ['$', '$'],
    ['^regex$', '^regex$'],
    ['a $ b $(seq 1) $}', 'a $ b $(seq 1) $}'],
    [V('U:-$2a$14$'), '$2a$14$'],
    [V('A'), 'a'],
    ['$$A', '$A'],
    [`$$${V('A')}`, '$a'],
    ['$$$A', '$a'],
    [V('A:-d'), 'a'],
    [V('U:-d'), 'd'],
    [V('U-d'), 'd'],
    [V('E:-d'), 'd'],
    [V('E-d'), ''],
    [V('A:+r'), 'r'],
    [V('U:+r'), ''],
    [V('E:+r'), ''],
    [V('E+r'), 'r'],
    [V('U:-'), ''],
    [V(`U:-${V(`V:-${V('A')}`)}`), 'a'],
    [V(`U:-<${V('A')}>$A`), '<a>a'],
    [V('U:-http://x:80/?q=1'), 'http://x:80/?q=1'],
    [V('U:-a$$b'), 'a$b'],
    [V('A:?must'), 'a'],
    [V('E?must'), ''],
    // As docker compose counts braces: the first one closes.
    [V('U:-{"a":1}'), '{"a":1}'],
  ])('%s is %s', (text, result) => {
    expect(fill(text, SET).result).toBe(result);
  });

  test.each(['${', '${}', '${ A}', '${A', '${A:-b', '${1}', '${A!}', '${A:b}', '${A B}', '${U:-${}'])(
    '%s is refused',
    (text) => {
      expect(() => parseTemplate(text)).toThrow(TemplateError);
    },
  );

  test('names the required variable and the message of the author, in which variables count too', () => {
    for (const text of [V('U:?say $A'), V('E:?say $A'), V('U?say $A')]) {
      expect(() => fill(text, SET)).toThrow(VariableMissing);
      expect(() => fill(text, SET)).toThrow('say a');
    }
  });

  test('asks only for what matters, and tells what is unset and has no default', () => {
    expect(fill(V(`A:-${V('B')}`), SET)).toMatchObject({ asked: ['A'], unset: [] });
    expect(fill(V(`U:-${V('B')}`), SET)).toMatchObject({ asked: ['U', 'B'], unset: ['B'] });
    expect(fill(`$U ${V('W:-')}`, SET).unset).toEqual(['U']);
  });

  test('does not read what a variable holds', () => {
    expect(fill('$X', { X: '$A' }).result).toBe('$A');
  });
});
