import { MooringError, type Problem } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RememberedLog } from './log.fake.ts';
import { Loop } from './loop.ts';
import type { Desired } from './plan/desired.ts';
import type { Assessment } from './reconciler.ts';

const AUDIT_MS = 300_000;
const nothing: Desired = { fleetId: 'f', generation: 7n, stacks: [], removals: [] };

beforeEach(() => void vi.useFakeTimers());

function assessment(wakeAtMs = 0): Assessment {
  return {
    engine: {
      version: '28',
      apiVersion: '1.48',
      operatingSystem: '',
      architecture: '',
      cpus: 1,
      memoryBytes: 1n,
    } as never,
    unmanagedCount: 0,
    unmanaged: [],
    stacks: [],
    strays: [],
    removedStacks: [],
    settled: true,
    observedAtMs: 0,
    wakeAtMs,
  };
}

/** A loop whose passes the test answers. */
class Started {
  desired: Desired | undefined = nothing;
  readonly passes: { desired: Desired; signal: AbortSignal }[] = [];
  readonly problems: (Problem | undefined)[] = [];
  readonly seen: [Assessment, bigint][] = [];
  readonly log = new RememberedLog();
  answer: () => Promise<Assessment> = () => Promise.resolve(assessment());
  readonly loop = new Loop({
    desired: () => this.desired,
    reconcile: (desired, { signal, progress }) => {
      this.passes.push({ desired, signal });
      progress(assessment());
      return this.answer();
    },
    onAssessment: (seen, generation) => void this.seen.push([seen, generation]),
    onEngineProblem: (problem) => void this.problems.push(problem),
    auditMs: AUDIT_MS,
    log: this.log,
    nowMs: Date.now,
  });
}

let started: Started;
afterEach(async () => {
  await started.loop.close();
  vi.useRealTimers();
});
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('the loop', () => {
  test('looks at once, and then at each audit when nothing happens', async () => {
    started = new Started();
    await wait(0);
    expect(started.passes).toHaveLength(1);
    await wait(AUDIT_MS - 1);
    expect(started.passes).toHaveLength(1);
    await wait(1);
    expect(started.passes).toHaveLength(2);
    expect(started.seen.map(([, generation]) => generation)).toEqual([7n, 7n, 7n, 7n]);
  });

  test('looks without anything to bring about: somebody may ask what is there', async () => {
    started = new Started();
    started.desired = undefined;
    started.loop.wake();
    await wait(50);
    expect(started.passes.at(-1)?.desired).toEqual({ fleetId: '', generation: 0n, stacks: [], removals: [] });
  });

  test('looks at once when something happens, and takes the burst that follows as one', async () => {
    started = new Started();
    await wait(1000);
    for (let index = 0; index < 100; index += 1) started.loop.wake();
    await wait(1);
    expect(started.passes).toHaveLength(2);
    for (let index = 0; index < 100; index += 1) started.loop.wake();
    await wait(48);
    expect(started.passes).toHaveLength(2);
    await wait(2);
    expect(started.passes).toHaveLength(3);
    await wait(1000);
    expect(started.passes).toHaveLength(3);
  });

  test('looks again after what happened during a look', async () => {
    started = new Started();
    const gate = Promise.withResolvers<Assessment>();
    started.answer = () => gate.promise;
    started.loop.wake();
    await wait(100);
    const before = started.passes.length;
    started.loop.wake();
    started.answer = () => Promise.resolve(assessment());
    gate.resolve(assessment());
    await wait(50);
    expect(started.passes).toHaveLength(before + 1);
  });

  test('looks when a container is due, never later than the audit', async () => {
    started = new Started();
    started.answer = () => Promise.resolve(assessment(Date.now() + 4000));
    started.loop.wake();
    await wait(50);
    const before = started.passes.length;
    await wait(3999);
    expect(started.passes).toHaveLength(before);
    started.answer = () => Promise.resolve(assessment(Date.now() + 10 * AUDIT_MS));
    await wait(1);
    expect(started.passes).toHaveLength(before + 1);
    await wait(AUDIT_MS);
    expect(started.passes).toHaveLength(before + 2);
  });
});

describe('a newer assignment', () => {
  test('has what is being applied stop, and is brought about next', async () => {
    started = new Started();
    await wait(1000);
    const gate = Promise.withResolvers<Assessment>();
    started.answer = () => gate.promise;
    started.loop.wake();
    await wait(50);
    started.desired = { ...nothing, generation: 8n };
    started.answer = () => Promise.resolve(assessment());
    started.loop.supersede();
    expect(started.passes.at(-1)?.signal.aborted).toBe(true);
    gate.resolve(assessment());
    await wait(50);
    expect(started.passes.at(-1)).toMatchObject({ desired: { generation: 8n }, signal: { aborted: false } });
    expect(started.seen.map(([, generation]) => generation).slice(-3)).toEqual([7n, 8n, 8n]);
  });
});

describe('an engine that does not answer', () => {
  const failure = new MooringError('ENGINE_UNREACHABLE', 'Cannot ask: gone; there', { hint: 'Start it.' });

  test('is a problem, and asked again within 15 s, until it answers', async () => {
    started = new Started();
    started.answer = () => Promise.reject(failure);
    started.loop.wake();
    await wait(60_000);
    expect(started.passes.length).toBeGreaterThanOrEqual(5);
    expect(started.problems.at(-1)).toMatchObject({ code: 'ENGINE_UNREACHABLE', hint: 'Start it.' });
    started.answer = () => Promise.resolve(assessment());
    await wait(15_000);
    expect(started.problems.at(-1)).toBeUndefined();
    expect(started.log.lines).toContain('warn: the engine could not be reconciled');
  });

  test('ends no loop, nor does a mistake', async () => {
    started = new Started();
    started.answer = () => Promise.reject(new TypeError('not a function'));
    started.loop.wake();
    await wait(100);
    expect(started.problems.at(-1)).toMatchObject({ code: 'INTERNAL', message: 'not a function' });
    const before = started.passes.length;
    await wait(20_000);
    expect(started.passes.length).toBeGreaterThan(before);
  });

  test('does not delay a close', async () => {
    started = new Started();
    started.answer = () => Promise.reject(failure);
    await wait(0);
    await started.loop.close();
    const { length } = started.passes;
    await wait(AUDIT_MS);
    expect(started.passes).toHaveLength(length);
    expect(vi.getTimerCount()).toBe(0);
  });
});
