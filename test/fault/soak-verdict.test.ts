import { describe, expect, test } from 'vitest';
import { type Sample, verdicts } from './soak-verdict.ts';

const MIB = 1024 * 1024;
const steady = (index: number): Sample => ({
  hubBytes: (100 + (index % 3)) * MIB,
  agentBytes: 150 * MIB,
  descriptors: 80,
  databaseBytes: MIB + index * 50_000,
  lagMs: 2_000 + (index % 2) * 300,
});
const soak = (sample: (index: number) => Sample) => verdicts(Array.from({ length: 16 }, (_, index) => sample(index)));
const failed = (sample: (index: number) => Sample) =>
  soak(sample)
    .filter(({ held }) => !held)
    .map(({ measure }) => measure);

describe('a soak', () => {
  test('in which nothing grows but the history is held', () => {
    expect(failed(steady)).toEqual([]);
  });

  test.each<[string, (index: number) => Partial<Sample>]>([
    ['memory of the hub', (index) => ({ hubBytes: (100 + index) * MIB })],
    ['memory of the agents', (index) => ({ agentBytes: (150 + 2 * index) * MIB })],
    ['descriptors', (index) => ({ descriptors: 80 + index })],
    ['growth of the database', (index) => ({ databaseBytes: index * index * MIB })],
    ['lag', (index) => ({ lagMs: 2_000 + index * 400 })],
  ])('in which the %s grows is not', (measure, change) => {
    expect(failed((index) => ({ ...steady(index), ...change(index) }))).toEqual([measure]);
  });

  test('counts what was used before it settled for nothing', () => {
    expect(failed((index) => (index < 4 ? { ...steady(index), hubBytes: 10 * MIB } : steady(index)))).toEqual([]);
  });

  test('that is too short is no soak', () => {
    expect(() => verdicts([steady(0)])).toThrow('too few');
  });
});
