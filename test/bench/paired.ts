/** What one round took, in milliseconds; the floor is measured before and after the others, so that it is measured against itself too. */
export interface Round {
  readonly floor: number;
  /** Undefined: there is none who does this work. */
  readonly rival?: number | undefined;
  readonly mooring: number;
  readonly floorAgain: number;
}

/** A median, and how far its values lie apart. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Ratios, each formed within its own round: what the machine did to one round it did to all of it. */
export interface Ratios {
  readonly floorToItself: Spread;
  /** Undefined: there is no rival. */
  readonly rivalToFloor: Spread | undefined;
  readonly mooringToFloor: Spread;
  readonly mooringToRival: Spread | undefined;
}

/** The floor against itself lies in here, or the machine was too noisy for the ratios to mean anything. */
export const STEADY = { low: 0.9, high: 1.1 } as const;

/** Pairs the figures of each round. Throws where there is no round. */
export function ratiosOf(rounds: readonly Round[]): Ratios {
  const over = (ratio: (round: Round) => number) => spreadOf(rounds.map(ratio));
  const rivalled = rounds.flatMap((round) => (round.rival === undefined ? [] : [{ ...round, rival: round.rival }]));
  const overRival = (ratio: (round: Round & { readonly rival: number }) => number) =>
    rivalled.length === 0 ? undefined : spreadOf(rivalled.map(ratio));
  return {
    floorToItself: over(({ floor, floorAgain }) => floorAgain / floor),
    rivalToFloor: overRival((round) => round.rival / floorOf(round)),
    mooringToFloor: over((round) => round.mooring / floorOf(round)),
    mooringToRival: overRival(({ rival, mooring }) => mooring / rival),
  };
}

/** The floor of a round. */
export function floorOf({ floor, floorAgain }: Pick<Round, 'floor' | 'floorAgain'>): number {
  return (floor + floorAgain) / 2;
}

/** True when the floor, measured twice in each round, came to the same. */
export function isSteady({ floorToItself }: Ratios): boolean {
  return isSteadySpread(floorToItself);
}

/** True when what should be one came close enough to it. */
export function isSteadySpread({ median }: Spread): boolean {
  return median >= STEADY.low && median <= STEADY.high;
}

/** Median, least and greatest. Throws where there is no value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => {
    const value = sorted[index];
    if (value === undefined) throw new Error('there is no median of nothing');
    return value;
  };
  const last = sorted.length - 1;
  return { median: (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2, low: at(0), high: at(last) };
}
