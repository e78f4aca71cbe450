import { isSteady, type Ratios, type Round, ratiosOf, STEADY } from './paired.ts';

// A machine that is not steady three times is busy with something else: the figures are printed, and said to be void.
const MAX_RUNS = 3;

/** One way to do the work. */
export interface Contender {
  /** Does the work once and returns its milliseconds. */
  readonly work: () => Promise<number>;
  /** Undoes it; is not counted. */
  readonly clean: () => Promise<void>;
}

/** Who takes part, and how often. */
export interface Contest {
  readonly floor: Contender;
  /** Undefined: nobody else does this work. */
  readonly rival?: Contender | undefined;
  readonly mooring: Contender;
  readonly rounds: number;
  /** Hears how it goes. */
  readonly progress: (sentence: string) => void;
}

/** What interleaved rounds came to. */
export interface Outcome {
  readonly rounds: readonly Round[];
  readonly ratios: Ratios;
  /** How many runs it took; earlier ones were void. */
  readonly runs: number;
  /** False: the last run is void too. */
  readonly steady: boolean;
}

/** Runs floor, rival (where there is one), Mooring and floor again in each round. A run whose floor differs from itself is void and is taken again, a few times. */
export async function interleave(contest: Contest): Promise<Outcome> {
  const { floor, rival, mooring, rounds: count, progress } = contest;
  // The first of each warms caches, connections and compiled code.
  for (const contender of [floor, rival, mooring]) if (contender !== undefined) await once(contender);
  for (let runs = 1; ; runs += 1) {
    const rounds: Round[] = [];
    for (let index = 1; index <= count; index += 1) {
      const round = {
        floor: await once(floor),
        rival: rival === undefined ? undefined : await once(rival),
        mooring: await once(mooring),
        floorAgain: await once(floor),
      };
      rounds.push(round);
      progress(`round ${index} of ${count}: ${inWords(round)}`);
    }
    const ratios = ratiosOf(rounds);
    const steady = isSteady(ratios);
    if (steady || runs === MAX_RUNS) return { rounds, ratios, runs, steady };
    const { median } = ratios.floorToItself;
    progress(
      `run ${runs} is void: the floor is ${median.toFixed(2)} of itself; ${STEADY.low} to ${STEADY.high} is wanted`,
    );
  }
}

async function once({ work, clean }: Contender): Promise<number> {
  const ms = await work();
  await clean();
  return ms;
}

function inWords({ floor, rival, mooring, floorAgain }: Round): string {
  const parts = Object.entries({ floor, rival, Mooring: mooring, 'floor again': floorAgain });
  return parts.flatMap(([who, ms]) => (ms === undefined ? [] : [`${who} ${Math.round(ms)} ms`])).join(', ');
}
