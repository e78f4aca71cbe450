import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { FUZZERS } from './fuzz.ts';

/** The same inputs each time; `npm run inputs -- --fuzz N` gives others, and more. */
const SEED = 20_260_101;
const RUNS = 300;
/** Milliseconds for all of one kind on a machine that is busy with others. */
const PATIENCE = 60_000;

describe('of whatever is given', () => {
  test.each(FUZZERS)('$name', { timeout: PATIENCE }, async ({ property }) => {
    await fc.assert(property as fc.IAsyncProperty<unknown>, { numRuns: RUNS, seed: SEED });
  });
});
