import type { Desired } from '@mooring/agent';
import { expect, test } from 'vitest';
import type { EngineVersion } from '../support/engine.ts';
import { driftLines, type Workbench } from '../support/workbench.ts';

// A phase touches every container; on a busy machine and an old engine that takes minutes.
const PHASE_DEADLINE_MS = 600_000;
/** Containers that are stopped or started side by side. Engine 20 hung for good on stops that shared a network. */
const SIDE_BY_SIDE = { '20': { stops: 1, starts: 4 }, '26': { stops: 4, starts: 4 }, '28': { stops: 4, starts: 4 } };

/** What goes through the phases of a host's life. */
export interface Subject {
  readonly bench: Workbench;
  readonly desired: Desired;
}

/** Nothing differs, and looking again changes nothing, by the engine's own event log. */
async function nothingToDo({ bench, desired }: Subject): Promise<void> {
  const first = await bench.settle(desired);
  expect(driftLines(first)).toEqual([]);
  expect(first.stacks.flatMap(({ problem }) => problem?.message ?? [])).toEqual([]);
  const since = Date.now();
  const second = await bench.pass(desired);
  expect(driftLines(second)).toEqual([]);
  expect(second.settled).toBe(true);
  expect(await bench.witness.changesSince(since)).toEqual([]);
}

/** All containers, in the order in which they were made. */
async function containers({ bench }: Subject) {
  const { docker } = bench.engine;
  return (await docker.listContainers({ all: true })).reverse().map(({ Id }) => docker.getContainer(Id));
}

/** Whatever had to be made was made once and never replaced, whoever looked at it since. */
function expectMadeOnce({ bench, desired }: Subject): void {
  const services = desired.stacks.flatMap(({ bundle }) => bundle.services);
  const made = bench.events.filter((event) => /^container\.(?:created|replaced)/.test(event));
  expect(made.length).toBe(services.reduce((sum, { replicas }) => sum + replicas, 0));
}

/** What the engine answers is no failure here: it says so of what ran or stood still already, and of what can only start after another. */
function engineMaySayNo(error: unknown): void {
  if (!(error instanceof Error && 'statusCode' in error)) throw error;
}

/** Works through all of them, so many at a time. */
async function each<T>(all: readonly T[], atATime: number, work: (one: T) => Promise<unknown>): Promise<void> {
  const waiting = all.values();
  const workRest = async () => {
    for (const one of waiting) await work(one);
  };
  await Promise.all(Array.from({ length: atATime }, workRest));
}

/** After what was done nothing differs. */
export function describePhase(
  subject: () => Subject,
  { title, act }: { readonly title: string; readonly act: (subject: Subject) => Promise<void> },
): void {
  test(
    title,
    async () => {
      await act(subject());
      await nothingToDo(subject());
      expectMadeOnce(subject());
    },
    PHASE_DEADLINE_MS,
  );
}

/** The phases of a host's life, after each of which nothing may differ: `engines` follow each other on the same data, the first one running. */
export function describePhases(subject: () => Subject, engines: readonly EngineVersion[]): void {
  const phase = (title: string, act: (subject: Subject) => Promise<void>) => describePhase(subject, { title, act });

  phase('is as asked for right after it was made', async () => undefined);

  phase('is no drift after everything was stopped and started', async (subject) => {
    const { stops, starts } = SIDE_BY_SIDE[engines[0] ?? '20'];
    await each(await containers(subject), stops, (one) => one.stop({ t: 0 }).catch(engineMaySayNo));
    await each(await containers(subject), starts, (one) => one.start().catch(engineMaySayNo));
  });

  phase('is no drift for a new process of the agent', ({ bench }) => bench.restartAgent());

  phase('is no drift for an agent whose record was lost', ({ bench }) => bench.loseRecord());

  phase('is no drift after the engine was started again', ({ bench }) => bench.restartEngine());

  for (const version of engines.slice(1)) {
    phase(`is no drift after engine ${version} took over the data`, ({ bench }) => bench.restartEngine({ version }));

    phase(`is no drift on engine ${version} for an agent whose record was lost`, ({ bench }) => bench.loseRecord());
  }
}
