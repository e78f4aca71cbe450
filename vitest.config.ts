import { defineConfig } from 'vitest/config';

/** What promises how long something takes, or takes time and disks away, is tested when nothing else runs. */
const TIMED = ['broker', 'drift', 'failures', 'faults', 'outage'].map((name) => `test/e2e/${name}.test.ts`);
/** Milliseconds for one test, and for starting or ending a fleet: ten times what they take on a machine that does nothing else. */
const BOUNDS = { testTimeout: 300_000, hookTimeout: 300_000 };

/** Unit tests sit beside their file and need nothing that runs; everything else has a project of its own. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{proto,hub,agent}/src/**/*.test.ts',
            'test/{bench,inputs}/**/*.test.ts',
            'test/fault/**/*.test.ts',
          ],
          // None takes a second by itself; a machine that others use as well may take twenty times as long.
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      { test: { name: 'style', include: ['test/style/**/*.test.ts'] } },
      { test: { name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 600_000 } },
      { test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'engine20',
          include: ['test/engine20/**/*.test.ts'],
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: TIMED,
          ...BOUNDS,
          // Each file has engines and networks of its own, and waits for them half of its time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: 'e2e-timed', include: TIMED, ...BOUNDS, fileParallelism: false } },
    ],
  },
});
