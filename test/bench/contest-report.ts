import type { Outcome } from './interleave.ts';
import { floorOf, spreadOf } from './paired.ts';
import { type Report, ratioText, timeText } from './report.ts';

/** How a contest is told. */
export interface ContestWords {
  readonly title: string;
  readonly floor: string;
  /** Undefined: the contest has none. */
  readonly rival?: string | undefined;
  readonly mooring: string;
  /** Ratios that are aimed at. */
  readonly toFloor: number;
  readonly toRival?: number | undefined;
  /** What stands below the table. */
  readonly notes?: readonly string[] | undefined;
}

/** The table of a contest: floor, rival and Mooring, with the aims. */
export function contestReport(words: ContestWords, outcome: Outcome): Report {
  const { rounds, ratios } = outcome;
  const aim = (ratio: number | undefined) => (ratio === undefined ? '' : `<= ${ratio.toFixed(2)}`);
  return {
    title: words.title,
    head: ['', 'median', 'to the floor', 'aim'],
    rows: [
      [words.floor, medianOf(rounds.map(floorOf)), `${ratioText(ratios.floorToItself)} itself`],
      ...rivalRow(words, outcome),
      [
        words.mooring,
        medianOf(rounds.map(({ mooring }) => mooring)),
        ratioText(ratios.mooringToFloor),
        aim(words.toFloor),
      ],
      ...(ratios.mooringToRival === undefined
        ? []
        : [['Mooring to the rival', '', ratioText(ratios.mooringToRival), aim(words.toRival)]]),
    ],
    notes: [...(words.notes ?? []), verdict(outcome)],
    figures: { words, ...outcome },
  };
}

function rivalRow({ rival }: ContestWords, { rounds, ratios }: Outcome): string[][] {
  if (rival === undefined || ratios.rivalToFloor === undefined) return [];
  return [[rival, medianOf(rounds.flatMap((round) => round.rival ?? [])), ratioText(ratios.rivalToFloor)]];
}

function medianOf(values: readonly number[]): string {
  return timeText(spreadOf(values).median);
}

/** How often the rounds were taken, and whether they mean anything. */
export function verdict({ rounds, runs, steady }: Outcome): string {
  const taken = `${rounds.length} rounds, run ${runs}`;
  return steady ? taken : `${taken}: VOID, the floor differs from itself by more than a tenth each time`;
}
