import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Change, Engine } from '../engine.ts';
import { type Clause, IMAGE, LABEL, withContainer } from './clause.ts';

// An engine tells events within milliseconds; a busy one within seconds.
const EVENT_DEADLINE_MS = 20_000;
// Between two signs of life while nobody knows yet whether the engine listens.
const SIGN_EVERY_MS = 100;

/** What the engine tells while it happens. */
export const EVENTS: readonly Clause[] = [
  {
    name: 'what happens to labelled containers is told in order, of others only what can touch ours',
    holds: async ({ engine }) => {
      const own = await toldOf(engine, { [LABEL]: 'contract' });
      assert.deepEqual([own.at(0), own.at(1), own.at(-1)], ['create', 'start', 'destroy']);
      // Engines differ in which of the end and the stop they tell first.
      assert.deepEqual(own.slice(2, -1).toSorted(), ['die', 'kill 9', 'stop']);
      assert.deepEqual(await toldOf(engine, {}), ['create', 'destroy']);
    },
  },
  {
    name: 'a tag that is put on an image is told',
    holds: async ({ engine, tag }) => {
      await whileListening(engine, async (told) => {
        await tag(IMAGE, 'local/moved:2');
        await untilTold(
          () => told.some(({ container, action }) => container === '' && action === 'tag'),
          async () => {},
        );
      });
    },
  },
];

/** Runs one container through its life; what is told of it, without repeats: a container of ours comes by both ways. */
async function toldOf(engine: Engine, Labels: Readonly<Record<string, string>>): Promise<readonly string[]> {
  let id = '';
  const ofIt = (told: readonly Change[]) =>
    told.filter(({ container }) => container === id).map(({ action }) => action);
  const told = await whileListening(engine, async (told) => {
    await withContainer(engine, { Labels }, async (made) => {
      id = made;
      await engine.startContainer(made);
      await engine.stopContainer(made);
    });
    await untilTold(
      () => ofIt(told).includes('destroy'),
      async () => {},
    );
  });
  return [...new Set(ofIt(told))];
}

/** Acts while the engine is heard; everything that it told. */
async function whileListening(
  engine: Engine,
  act: (told: readonly Change[]) => Promise<void>,
): Promise<readonly Change[]> {
  const stop = new AbortController();
  const told: Change[] = [];
  const reading = (async () => {
    for await (const burst of engine.changes(`${LABEL}=contract`, stop.signal)) told.push(...burst);
  })();
  try {
    await untilTold(
      () => told.length > 0,
      () => withContainer(engine, {}, async () => {}),
    );
    await act(told);
    return told;
  } finally {
    stop.abort();
    // A real stream that is broken off may say so.
    await reading.catch((error) => assert.match(String(error), /abort|hang up/i));
  }
}

async function untilTold(isTold: () => boolean, sign: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + EVENT_DEADLINE_MS; !isTold(); ) {
    assert.ok(Date.now() < deadline, 'the engine tells what happens');
    await sign();
    await delay(SIGN_EVERY_MS);
  }
}
