import { describe, expect, test } from 'vitest';
import { countCpuTime } from './cpu-time.fake.ts';
import { readScalar, type ScalarValue } from './scalar.ts';

const at = { file: 'compose.yaml', line: 1, column: 1 };

function read(text: string, plain = true): ScalarValue {
  return readScalar({ kind: 'scalar', at, text, plain });
}

describe('a plain scalar means what Go takes it for', () => {
  test.each(['no', 'yes', 'on', 'off', 'y', 'N', '22:22', '1.2.3', '-', '+', '.', '0x', '1e', '08:00', '-a', 'nUll'])(
    '%s is text',
    (text) => {
      expect(read(text)).toEqual({ kind: 'string', value: text });
    },
  );

  test.each([
    ['0440', '288'],
    ['0o17', '15'],
    ['-010', '-8'],
    ['0x1F', '31'],
    ['0b101', '5'],
    ['1_000', '1000'],
    ['+12', '12'],
    ['08', '8'],
    ['1.10', '1.1'],
    ['1.0', '1'],
    ['1e3', '1000'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['0.00001', '1e-05'],
    ['1e21', '1e+21'],
    ['.inf', '+Inf'],
    ['-.Inf', '-Inf'],
    ['.nan', 'NaN'],
    ['123456789012345678', '123456789012345678'],
    ['18446744073709551615', '18446744073709551615'],
    ['18446744073709551616', '18446744073709552000'],
  ])('%s is the number that is printed as %s', (text, printed) => {
    expect(read(text)).toMatchObject({ kind: 'number', text: printed });
  });

  test.each(['2024-01-01', '2024-1-2T10:00:00Z', '2024-01-01 10:00:00.5 +01:00'])('%s is a date', (text) => {
    expect(read(text)).toEqual({ kind: 'timestamp' });
  });

  test('null and booleans', () => {
    expect(['', '~', 'null', 'NULL'].map((text) => read(text).kind)).toEqual(['null', 'null', 'null', 'null']);
    expect(['true', 'True', 'FALSE'].map((text) => read(text))).toEqual([
      { kind: 'boolean', value: true },
      { kind: 'boolean', value: true },
      { kind: 'boolean', value: false },
    ]);
  });

  test('in quotes everything is text', () => {
    for (const text of ['1', 'true', '', '2024-01-01'])
      expect(read(text, false)).toEqual({ kind: 'string', value: text });
  });

  test('digits without end are text, and cost no time', () => {
    const spent = countCpuTime();
    expect(read('9'.repeat(1_000_000)).kind).toBe('string');
    expect(spent()).toBeLessThan(100);
  });
});
