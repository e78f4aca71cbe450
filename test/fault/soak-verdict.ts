/** What was measured at the end of one interval. */
export interface Sample {
  readonly hubBytes: number;
  readonly agentBytes: number;
  readonly descriptors: number;
  readonly databaseBytes: number;
  /** From a commit until every host runs it, in milliseconds. */
  readonly lagMs: number;
}

/** How a measure went over a whole soak. */
export interface Verdict {
  readonly measure: string;
  /** Median of the second quarter: everything has started and settled by then. */
  readonly second: number;
  /** Median of the last quarter. */
  readonly last: number;
  readonly held: boolean;
}

/** How much more the last quarter may have than the second: what grows steadily grows by more in any soak that is worth its name. */
export const GROWTH = 1.05;
/** The hub looks for commits every second, so a lag that is shorter by chance says nothing. */
export const LAG_GRAIN_MS = 1_000;

/** Judges a soak. The database keeps a history by design: what counts is what each interval adds. */
export function verdicts(samples: readonly Sample[]): Verdict[] {
  if (samples.length < 8) throw new Error(`${samples.length} intervals are too few: four quarters of two are wanted`);
  const growth = samples.map(
    ({ databaseBytes }, index) => databaseBytes - (samples[index - 1]?.databaseBytes ?? databaseBytes),
  );
  return [
    judge(
      'memory of the hub',
      samples.map(({ hubBytes }) => hubBytes),
    ),
    judge(
      'memory of the agents',
      samples.map(({ agentBytes }) => agentBytes),
    ),
    judge(
      'descriptors',
      samples.map(({ descriptors }) => descriptors),
    ),
    judge('growth of the database', growth, PAGES_BYTES),
    judge(
      'lag',
      samples.map(({ lagMs }) => lagMs),
      LAG_GRAIN_MS,
    ),
  ];
}

/** A database grows by whole pages, and its log by what one checkpoint leaves. */
const PAGES_BYTES = 64 * 4096;

function judge(measure: string, values: readonly number[], grain = 0): Verdict {
  const quarter = Math.floor(values.length / 4);
  const second = median(values.slice(quarter, 2 * quarter));
  const last = median(values.slice(-quarter));
  return { measure, second, last, held: last <= second * GROWTH + grain };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
