import { Drift, HealthState } from '@mooring/proto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Memory } from './memory.ts';
import type { Observed, OwnContainer } from './observe/observed.ts';

const NONE_CUT_OFF: ReadonlySet<string> = new Set();
const NOTHING = { fleetId: 'f', generation: 1n, stacks: [], removals: [] };
/** Every wait as long as it can be. */
const NO_CHANCE = () => 0;
const problem = (sinceMs: number) => ({
  code: 'IMAGE_PULL_FAILED',
  message: 'Cannot pull',
  hint: '',
  sinceMs: BigInt(sinceMs),
});

/** What an engine shows of containers that have exited. */
function exited(atMs: number, starts: Readonly<Record<string, number>>, specDigest = 'v1:aa'): Observed {
  const containers = Object.entries(starts).map(([name, startedAtMs]) => {
    // Only what memory reads; a whole container has forty fields more.
    return { name, startedAtMs, specDigest, status: 'exited', stack: 'shop', service: name } as unknown as OwnContainer;
  });
  return {
    engine: {} as never,
    containers,
    strangers: [],
    unknown: [],
    foreignContainers: [],
    composeContainers: new Map(),
    networks: [],
    volumes: [],
    images: new Map(),
    tags: new Map(),
    addresses: new Map(),
    contents: new Map(),
    atMs,
  };
}

describe('a failed apply', () => {
  test('is waited for longer each time, up to five minutes, and counts from its first failure', () => {
    const memory = new Memory(NO_CHANCE);
    const waits = Array.from({ length: 9 }, (_, index) => {
      memory.failed('shop', 'b1', problem(1000 + index));
      return memory.notBeforeMs('shop', 'b1') - 1000 - index;
    });
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000]);
    expect(memory.problem('shop', 'b1')?.sinceMs).toBe(1000n);
  });

  test('is waited for between half of that and all of it, by chance', () => {
    const waits = [0, 0.5, 0.999].map((chance) => {
      const memory = new Memory(() => chance);
      memory.failed('shop', 'b1', problem(0));
      return Math.round(memory.notBeforeMs('shop', 'b1'));
    });
    expect(waits).toEqual([2000, 1500, 1001]);
  });

  test('is left alone for as long as was asked for, and for no longer than the longest wait', () => {
    const waits = [undefined, 0, 30_000, 3_600_000].map((retryAfterMs) => {
      const memory = new Memory(NO_CHANCE);
      memory.failed('shop', 'b1', { ...problem(0), retryAfterMs });
      return memory.notBeforeMs('shop', 'b1');
    });
    expect(waits).toEqual([2000, 2000, 32_000, 300_000]);
  });

  test('tells of the time that was asked for nobody', () => {
    const memory = new Memory(NO_CHANCE);
    memory.failed('shop', 'b1', { ...problem(0), retryAfterMs: 30_000 });
    expect(memory.problem('shop', 'b1')).toEqual(problem(0));
  });

  test('is tried again at once where the clock was set back since', () => {
    const memory = new Memory(NO_CHANCE);
    memory.failed('shop', 'b1', problem(7_200_000));
    memory.noteRunning(NOTHING, exited(1_000, {}), NONE_CUT_OFF);
    expect(memory.notBeforeMs('shop', 'b1')).toBe(0);
  });

  test('concerns its bundle alone', () => {
    const memory = new Memory(NO_CHANCE);
    memory.failed('shop', 'b1', problem(1000));
    expect(memory.notBeforeMs('shop', 'b2')).toBe(0);
    expect(memory.problem('shop', 'b2')).toBeUndefined();
    memory.failed('shop', 'b2', problem(5000));
    expect(memory.notBeforeMs('shop', 'b2')).toBe(7000);
    expect(memory.problem('shop', 'b2')?.sinceMs).toBe(5000n);
  });

  test('is forgotten with the first that succeeds', () => {
    const memory = new Memory(NO_CHANCE);
    memory.failed('shop', 'b1', problem(1000));
    memory.succeeded('shop', 2000);
    expect(memory.problem('shop', 'b1')).toBeUndefined();
    expect(memory.appliedAtMs('shop')).toBe(2000);
    memory.failed('shop', 'b1', problem(9000));
    expect(memory.notBeforeMs('shop', 'b1')).toBe(11_000);
  });
});

describe('a container that exits again and again', () => {
  /** Starts at each of these times, and is seen a second after each. */
  function crashing(memory: Memory, times: readonly number[]): void {
    for (const time of times) memory.noteRunning(NOTHING, exited(time + 1000, { web: time }), NONE_CUT_OFF);
  }

  test('is started at once the first time, then ever later', () => {
    const memory = new Memory(NO_CHANCE);
    const waits = [10_000, 20_000, 30_000, 40_000].map((time) => {
      crashing(memory, [time]);
      return memory.startNotBeforeMs('web', 'v1:aa') - time - 1000;
    });
    expect(waits).toEqual([0, 1000, 2000, 4000]);
  });

  test('is counted once for each start, however often it is looked at', () => {
    const memory = new Memory(NO_CHANCE);
    crashing(memory, [10_000, 20_000]);
    const before = memory.startNotBeforeMs('web', 'v1:aa');
    crashing(memory, [20_000, 20_000]);
    expect(memory.startNotBeforeMs('web', 'v1:aa')).toBe(before);
  });

  test('begins anew after it ran well, and with another specification', () => {
    const memory = new Memory(NO_CHANCE);
    crashing(memory, [10_000, 20_000, 30_000]);
    memory.noteRunning(NOTHING, exited(100_000, { web: 50_000 }), NONE_CUT_OFF);
    expect(memory.startNotBeforeMs('web', 'v1:aa')).toBe(100_000);
    crashing(memory, [110_000, 120_000]);
    memory.noteRunning(NOTHING, exited(131_000, { web: 130_000 }, 'v1:bb'), NONE_CUT_OFF);
    expect(memory.startNotBeforeMs('web', 'v1:aa')).toBe(0);
    expect(memory.startNotBeforeMs('web', 'v1:bb')).toBe(131_000);
  });

  test('is forgotten when it is gone', () => {
    const memory = new Memory(NO_CHANCE);
    crashing(memory, [10_000, 20_000]);
    memory.noteRunning(NOTHING, exited(30_000, {}), NONE_CUT_OFF);
    expect(memory.startNotBeforeMs('web', 'v1:aa')).toBe(0);
    expect(memory.nextStartAtMs()).toBe(0);
  });

  test('has the agent look again at the first start that is due, not at the last', () => {
    const memory = new Memory(NO_CHANCE);
    for (const time of [10_000, 20_000, 30_000, 40_000, 50_000])
      memory.noteRunning(NOTHING, exited(time + 1000, { slow: time }), NONE_CUT_OFF);
    memory.noteRunning(NOTHING, exited(51_500, { slow: 50_000, quick: 51_200, calm: 20_000 }), NONE_CUT_OFF);
    memory.noteRunning(NOTHING, exited(52_000, { slow: 50_000, quick: 51_800, calm: 20_000 }), NONE_CUT_OFF);
    expect(memory.startNotBeforeMs('slow', 'v1:aa')).toBe(59_000);
    expect(memory.nextStartAtMs()).toBe(53_000);
  });

  test('never waits longer than five minutes', async () => {
    await fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (starts) => {
        const memory = new Memory(NO_CHANCE);
        for (let index = 1; index <= starts; index += 1) crashing(memory, [index * 10_000]);
        expect(memory.startNotBeforeMs('web', 'v1:aa') - starts * 10_000 - 1000).toBeLessThanOrEqual(300_000);
      }),
    );
  });
});

describe('a state', () => {
  test('is known since it began, and begins anew when it was left in between', () => {
    const memory = new Memory(NO_CHANCE);
    expect(memory.since('state shop 7 6', 10)).toBe(10);
    expect(memory.since('state shop 7 6', 20)).toBe(10);
    expect(memory.since('state shop 3 6', 30)).toBe(30);
    expect(memory.since('state shop 7 6', 40)).toBe(40);
  });

  test('of another stack is its own', () => {
    const memory = new Memory(NO_CHANCE);
    memory.since('state shop 7 6', 10);
    memory.since('state shop-two 7 6', 20);
    expect(memory.since('state shop 7 6', 30)).toBe(10);
  });
});

describe('drift', () => {
  const drift = (name: string, sinceMs: number) =>
    Drift.fromPartial({ stack: 'shop', name, field: 'image', sinceMs: BigInt(sinceMs) });

  test('is new once, and is told as corrected once it is gone', () => {
    const memory = new Memory(NO_CHANCE);
    expect([memory.isNewDrift(drift('web', 5)), memory.isNewDrift(drift('web', 5))]).toEqual([true, false]);
    expect(memory.isNewDrift(drift('db', 6))).toBe(true);
    expect(memory.correctedDrift([drift('db', 6)]).map(({ name }) => name)).toEqual(['web']);
    expect(memory.correctedDrift([drift('db', 6)])).toEqual([]);
    expect(memory.isNewDrift(drift('web', 9))).toBe(true);
  });
});

describe('the last healthy bundle', () => {
  test('is the one that was last seen healthy and without a problem', () => {
    const memory = new Memory(NO_CHANCE);
    const noted = (bundle: string, health: HealthState, failed = false) =>
      memory.noteHealth({ stack: 'shop', bundle, health, problem: failed ? problem(1) : undefined });
    noted('b1', HealthState.HEALTH_STATE_HEALTHY);
    noted('b2', HealthState.HEALTH_STATE_DEGRADED);
    noted('b3', HealthState.HEALTH_STATE_HEALTHY, true);
    expect(memory.lastHealthyBundle('shop')).toBe('b1');
    expect(memory.lastHealthyBundle('blog')).toBe('');
  });
});

describe('a clock that was set back', () => {
  test('keeps no container from its next start, and makes no crash loop of a start that lies ahead', () => {
    const memory = new Memory(NO_CHANCE);
    for (const at of [7_200_000, 7_201_000, 7_202_000])
      memory.noteRunning(NOTHING, exited(at + 10, { web: at }), NONE_CUT_OFF);
    expect(memory.startNotBeforeMs('web', 'v1:aa')).toBe(7_204_010);
    memory.noteRunning(NOTHING, exited(2_000, { web: 7_202_000 }), NONE_CUT_OFF);
    expect([memory.startNotBeforeMs('web', 'v1:aa'), memory.nextStartAtMs()]).toEqual([0, 0]);
    memory.noteRunning(NOTHING, exited(3_000, { web: 7_203_000 }), NONE_CUT_OFF);
    expect(memory.startNotBeforeMs('web', 'v1:aa')).toBe(3_000);
  });
});
