import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { formatJson } from './output.ts';
import { formatYaml } from './yaml.ts';

const HOSTILE = { reason: '\u001b[2J\u009b31m \u202etxt\nFAKE  Synced' };

describe('what a host said', () => {
  test('reaches the terminal escaped in JSON, and reads back as it was', () => {
    const text = formatJson(HOSTILE);
    expect(text).toBe('{"reason":"\\u001b[2J\\u009b31m \\u202etxt\\nFAKE  Synced"}');
    expect(JSON.parse(text)).toEqual(HOSTILE);
  });

  test('does so in YAML', () => {
    const text = formatYaml(HOSTILE);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(load(text)).toEqual(HOSTILE);
  });
});
