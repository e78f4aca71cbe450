import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { playRow } from '../fault/play.ts';
import { ROWS } from '../fault/rows.ts';
import { Stage } from '../fault/stage.ts';

/** The ugliest rows of the fault matrix, as far as they are quick; `npm run faults` plays all of them. */
const UGLIEST = [3, 6, 7, 10, 24, 36, 47, 50, 57, 79];

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start(1);
});

afterAll(async () => {
  await stage?.close();
});

describe('a fleet on which faults play', () => {
  const rows = ROWS.filter(({ number }) => UGLIEST.includes(number));

  test('plays every row that is wanted', () => {
    expect(rows.map(({ number }) => number)).toEqual(UGLIEST);
  });

  test.each(rows)('keeps its promise: row $number, $part: $fault', async (row) => {
    expect(await playRow(row, stage)).toContain(' | ');
  });
});
