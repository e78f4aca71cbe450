import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Loop } from './loop.ts';
import type { Assessment } from './reconciler.ts';

const SETTLED: Assessment = {
  engine: {
    version: '26.1.5',
    apiVersion: '1.45',
    operatingSystem: 'Debian',
    architecture: 'x86_64',
    cpus: 2,
    memoryBytes: 1n,
  },
  unmanagedCount: 0,
  unmanaged: [],
  stacks: [],
  removedStacks: [],
  settled: true,
  observedAtMs: 1,
  wakeAtMs: 0,
};

let loop: Loop;
let passes: number;

beforeEach(async () => {
  vi.useFakeTimers();
  passes = 0;
  loop = new Loop({
    desired: () => undefined,
    reconcile: () => Promise.resolve(SETTLED),
    onAssessment: () => {
      passes += 1;
    },
    onEngineProblem: () => undefined,
    auditMs: 60_000,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    nowMs: Date.now,
  });
  await after(0);
  expect(passes).toBe(1);
});

afterEach(async () => {
  await loop.close();
  vi.useRealTimers();
});

describe('the loop', () => {
  test('begins with a newer assignment at once', async () => {
    loop.supersede();
    await after(0);
    expect(passes).toBe(2);
  });

  test('begins with a newer assignment at once, also in the middle of a burst of events', async () => {
    loop.wake();
    await after(10);
    expect(passes).toBe(1);
    loop.supersede();
    await after(0);
    expect(passes).toBe(2);
  });

  test('serves a burst of events with one look, soon', async () => {
    for (let events = 0; events < 5; events += 1) {
      loop.wake();
      await after(5);
    }
    expect(passes).toBe(1);
    await after(50);
    expect(passes).toBe(2);
    await after(1000);
    expect(passes).toBe(2);
  });

  test('looks at everything when nothing happens for long', async () => {
    await after(59_999);
    expect(passes).toBe(1);
    await after(1);
    expect(passes).toBe(2);
  });
});

/** Lets so many milliseconds pass, and everything happen that was waiting for them. */
async function after(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
