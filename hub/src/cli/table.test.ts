import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeControls, formatTable, LINE_WIDTH } from './table.ts';

describe('a table', () => {
  test('stands in columns, and cuts the last one where the line ends', () => {
    const text = formatTable(
      ['HOST', 'STATE', 'REASON'],
      [
        ['web-1', 'Online', ''],
        ['db-1', 'Offline', 'x'.repeat(100)],
      ],
    );
    expect(text).toBe(['HOST   STATE    REASON', 'web-1  Online', `db-1   Offline  ${'x'.repeat(63)}…`].join('\n'));
  });

  test('takes from the widest column when names leave no room', () => {
    const text = formatTable(
      ['HOST', 'STATE', 'REASON'],
      [['h'.repeat(63), 'Offline, for long', 'not seen for an hour']],
    );
    expect(text.split('\n')[1]).toBe(`${'h'.repeat(46)}…  Offline, for long  not seen fo…`);
  });

  test('never leaves its line, nor sends a control character, whatever stands in it', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'B', '-', '\u001b', '\n', '\u202e'), maxLength: 120 });
    const rows = fc
      .integer({ min: 1, max: 6 })
      .chain((columns) =>
        fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(rows, (all) => {
        const lines = formatTable(all[0]?.map((_, column) => `C${column}`) ?? [], all).split('\n');
        return (
          lines.length === all.length + 1 &&
          lines.every((line) => line.length <= LINE_WIDTH && escapeControls(line) === line)
        );
      }),
    );
  });
});
