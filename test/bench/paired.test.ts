import { describe, expect, test } from 'vitest';
import { isSteady, ratiosOf, spreadOf } from './paired.ts';

describe('a spread', () => {
  test('has the middle value, or the mean of the two in the middle', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
    expect(spreadOf([10, 1, 2, 4])).toEqual({ median: 3, low: 1, high: 10 });
  });

  test('of nothing is refused', () => {
    expect(() => spreadOf([])).toThrow('no median of nothing');
  });
});

describe('ratios', () => {
  test('are formed within a round, so that a machine that slows down changes none', () => {
    const round = { floor: 100, rival: 150, mooring: 120, floorAgain: 100 };
    const slow = { floor: 1000, rival: 1500, mooring: 1200, floorAgain: 1000 };
    const { floorToItself, rivalToFloor, mooringToFloor, mooringToRival } = ratiosOf([round, slow]);
    expect(floorToItself).toEqual({ median: 1, low: 1, high: 1 });
    expect(rivalToFloor).toEqual({ median: 1.5, low: 1.5, high: 1.5 });
    expect(mooringToFloor).toEqual({ median: 1.2, low: 1.2, high: 1.2 });
    expect(mooringToRival).toEqual({ median: 0.8, low: 0.8, high: 0.8 });
  });

  test('take the mean of both floors of a round', () => {
    const { mooringToFloor } = ratiosOf([{ floor: 90, rival: 100, mooring: 100, floorAgain: 110 }]);
    expect(mooringToFloor.median).toBe(1);
  });

  test('mean nothing when the floor differs from itself by more than a tenth', () => {
    const round = { floor: 100, rival: 100, mooring: 100 };
    expect(isSteady(ratiosOf([{ ...round, floorAgain: 109 }]))).toBe(true);
    expect(isSteady(ratiosOf([{ ...round, floorAgain: 112 }]))).toBe(false);
    expect(isSteady(ratiosOf([{ ...round, floorAgain: 88 }]))).toBe(false);
  });
});
