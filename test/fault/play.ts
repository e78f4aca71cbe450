import type { Row } from './row.ts';
import { Stage } from './stage.ts';

/** How a row went. */
export interface Played {
  readonly number: number;
  readonly verdict: 'held' | 'FAILED';
  readonly text: string;
}

/** How rows are played. */
export interface PlayOptions {
  readonly seed: number;
  /** Takes the table, one line as soon as a row has ended. */
  readonly print: (line: string) => void;
}

/**
 * Plays rows one after the other on one fleet. A row must leave the fleet well within its deadline: that is part of what it promises. After one that
 * does not, the next begins on a new fleet.
 */
export async function playRows(rows: readonly Row[], { seed, print }: PlayOptions): Promise<Played[]> {
  const theatre = new Theatre(seed);
  const played: Played[] = [];
  print('row | fault | injected | observed | verdict');
  try {
    for (const row of rows) {
      const began = performance.now();
      const result = await play(row, theatre);
      played.push(result);
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      print(
        `${String(row.number).padStart(3)} | ${row.part}: ${row.fault} | ${result.text} | ${result.verdict} (${seconds} s)`,
      );
    }
  } finally {
    await theatre.close();
  }
  return played;
}

/** Plays one row on a stage that is well, and leaves one that is; throws what the row throws. */
export async function playRow(row: Row, stage: Stage): Promise<string> {
  try {
    const { injected, observed } = await row.run(stage);
    await stage.tidy();
    await stage.well();
    return `${injected} | ${observed}`;
  } catch (error) {
    // What the row said counts, not what tidying up after it says.
    await stage.tidy().catch(() => undefined);
    throw error;
  }
}

/** Has a stage as long as the last row left it well. */
class Theatre {
  readonly #seed: number;
  #stage: Stage | undefined;

  constructor(seed: number) {
    this.#seed = seed;
  }

  async stage(): Promise<Stage> {
    this.#stage ??= await Stage.start(this.#seed);
    return this.#stage;
  }

  async close(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    await stage?.close();
  }
}

async function play(row: Row, theatre: Theatre): Promise<Played> {
  const { number } = row;
  try {
    return { number, verdict: 'held', text: await playRow(row, await theatre.stage()) };
  } catch (error) {
    await theatre.close();
    const message = error instanceof Error ? error.message : String(error);
    return { number, verdict: 'FAILED', text: `- | ${message.replaceAll(/\s+/g, ' ').slice(0, 1200)}` };
  }
}
