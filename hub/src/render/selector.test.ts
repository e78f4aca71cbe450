import { describe, expect, it } from 'vitest';
import { parseSelector, selects } from './selector.ts';

const web = { role: 'web', region: 'eu', 'example.com/tier': 'a' };

describe('a selector', () => {
  it.each([
    ['', true],
    ['role=web', true],
    ['role==web', true],
    ['role = web , region=eu', true],
    ['role=db', false],
    ['role!=db', true],
    ['missing!=x', true],
    ['missing=x', false],
    ['region in (eu, us)', true],
    ['region in (us)', false],
    ['region notin (us,asia)', true],
    ['missing notin (us)', true],
    ['missing in (us)', false],
    ['role', true],
    ['!role', false],
    ['!legacy', true],
    ['example.com/tier=a', true],
    ['role=web,region in (eu,us),!legacy', true],
    ['role=', false],
    ['toString', false],
  ])('%j selects a host with role=web, region=eu: %s', (text, expected) => {
    expect(selects(parseSelector(text), web)).toBe(expected);
  });

  it.each(['a=b,,c', 'a in b', 'a in (b', 'a in ()', 'a=b=c', '=b', 'a b', 'a in ((b))', '-a', 'a=ü', ')', 'a=(b)'])(
    '%j is refused',
    (text) => {
      expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 'FLEET_SELECTOR' }));
    },
  );

  it('says what is wrong and what is wanted', () => {
    expect(() => parseSelector('role=web,,')).toThrow(
      'Cannot read selector "role=web,,": a term between two commas is empty; a=b, a!=b, a in (b,c), a notin (b,c), a or !a, joined by commas, is wanted',
    );
  });
});
