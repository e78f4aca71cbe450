import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attributesBundle } from '../support/attributes.ts';
import { desiredOf } from '../support/bench-desired.ts';
import { changesSince } from '../support/witness.ts';
import { driftLines, startWorkbench, type Workbench } from '../support/workbench.ts';

let bench: Workbench;
const desired = desiredOf([attributesBundle()]);

beforeAll(async () => {
  bench = await startWorkbench('26');
}, 240_000);

afterAll(async () => {
  await bench?.close();
}, 120_000);

/** Nothing differs, and looking again changes nothing, by the engine's own event log. */
async function nothingToDo(): Promise<void> {
  const first = await bench.settle(desired);
  expect(driftLines(first)).toEqual([]);
  expect(first.stacks.map(({ problem }) => problem?.message)).toEqual([undefined]);
  const since = Date.now();
  const second = await bench.pass(desired);
  expect(driftLines(second)).toEqual([]);
  expect(second.settled).toBe(true);
  expect(await changesSince(bench.engine.docker, since)).toEqual([]);
}

async function containers() {
  const { docker } = bench.engine;
  return (await docker.listContainers({ all: true })).map(({ Id }) => docker.getContainer(Id));
}

describe('each attribute in a container of its own', () => {
  test('is as asked for right after it was made', async () => {
    await nothingToDo();
  }, 240_000);

  test('is no drift after everything was stopped and started', async () => {
    for (const container of await containers()) await container.stop({ t: 0 });
    for (const container of await containers()) await container.start().catch(() => undefined);
    await nothingToDo();
  }, 240_000);

  test('is no drift for a new process of the agent, nor for one whose record was lost', async () => {
    await bench.restartAgent();
    await nothingToDo();
    await bench.loseRecord();
    await nothingToDo();
    expect(bench.events.filter((event) => event.startsWith('container.created')).length).toBe(
      desired.stacks[0]?.bundle.services.length,
    );
  }, 240_000);

  test('is no drift after the engine was started again, nor after a newer one took over its data', async () => {
    await bench.restartEngine();
    await nothingToDo();
    await bench.restartEngine('28');
    await nothingToDo();
    await bench.loseRecord();
    await nothingToDo();
  }, 240_000);
});
