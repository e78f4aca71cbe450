import type { Acceptance, BenchFleet } from './bench-fleet.ts';
import type { Contender } from './interleave.ts';
import { watchStarts } from './start-events.ts';

/** When one push came, was accepted, and ran; Unix milliseconds. */
export interface Passage extends Acceptance {
  readonly runningMs: number;
}

/** A commit through hub and broker to the agent; counted from the assignment's arrival at the agent. */
export function mooringContender(bench: BenchFleet, count: number, onPassage: (passage: Passage) => void): Contender {
  return {
    work: async () => {
      const starts = await watchStarts(bench.docker, count);
      try {
        await bench.push(count);
        const runningMs = await starts.lastMs;
        const acceptance = bench.acceptance();
        onPassage({ ...acceptance, runningMs });
        return runningMs - acceptance.arrivedMs;
      } finally {
        starts.close();
      }
    },
    clean: () => bench.settle(0),
  };
}
