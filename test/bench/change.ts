import type { BenchFleet } from './bench-fleet.ts';
import { STACK } from './bench-stack.ts';
import { composeVersion } from './compose.ts';
import { type ContestWords, contestReport } from './contest-report.ts';
import { type EngineEvents, following } from './engine-events.ts';
import { type Contender, interleave } from './interleave.ts';
import type { Bench, Report } from './report.ts';
import { makeFloorContainer, makeFloorNetwork, SideBySide } from './side-by-side.ts';

const COUNT = 50;
const ROUNDS = 8;
const MOORED = `${STACK}-s01-1`;
const FLOOR = 'floor-s01-1';

/** One of 50 services changed: `change`, from the wish to running; `downtime`, from the end of the old container to the start of the new one. */
export function changeBenches(fleet: BenchFleet, rounds: number = ROUNDS): readonly Bench[] {
  return [
    {
      name: 'change',
      run: (progress) =>
        runChange(fleet, { rounds, progress, floor: recreate(fleet), measured: 'whole' }, (compose) => ({
          title: `change: one of ${COUNT} services changed, until the new container runs`,
          floor: 'raw Engine API: stop, remove, create, start',
          rival: `docker compose ${compose} up -d`,
          mooring: 'Mooring, received to running',
          toFloor: 1.1,
          toRival: 0.9,
        })),
    },
    {
      name: 'downtime',
      run: (progress) =>
        runChange(fleet, { rounds, progress, floor: swap(fleet), measured: 'downtime' }, (compose) => ({
          title: `downtime: one of ${COUNT} services changed, while neither container runs`,
          floor: 'raw Engine API: the new one created beforehand; stop, start',
          rival: `docker compose ${compose} up -d`,
          mooring: 'Mooring',
          toFloor: 1.1,
        })),
    },
  ];
}

interface Change {
  readonly rounds: number;
  readonly progress: (sentence: string) => void;
  readonly floor: Contender;
  readonly measured: 'whole' | 'downtime';
}

async function runChange(
  fleet: BenchFleet,
  { rounds, progress, floor, measured }: Change,
  words: (compose: string) => ContestWords,
): Promise<Report> {
  const both = await SideBySide.start(fleet, COUNT);
  await makeFloorNetwork(fleet);
  await fleet.docker.getContainer(await makeFloorContainer(fleet, FLOOR)).start();
  let version = 0;
  const next = () => {
    version += 1;
    return version;
  };
  try {
    const outcome = await interleave({
      floor,
      rival: {
        work: () =>
          following(fleet.docker, async (events) => {
            const beganMs = Date.now();
            await both.composeUp(next());
            const { stoppedMs, startedMs } = await replacement(events, both.rivalContainer);
            return startedMs - (measured === 'whole' ? beganMs : stoppedMs);
          }),
        clean: async () => {},
      },
      mooring: {
        work: () =>
          following(fleet.docker, async (events) => {
            await fleet.push(COUNT, next());
            const { stoppedMs, startedMs } = await replacement(events, MOORED);
            return startedMs - (measured === 'whole' ? fleet.acceptance().arrivedMs : stoppedMs);
          }),
        // The new container has to prove itself before the old one goes.
        clean: () => fleet.settle(COUNT, version),
      },
      rounds,
      progress,
    });
    return contestReport(words(await composeVersion()), outcome);
  } finally {
    await both.close();
  }
}

/** When the container of that name was told to stop, and when another one that stands in its place was started. */
async function replacement(events: EngineEvents, name: string) {
  const old = await events.first('kill', (event) => event.name === name);
  const fresh = await events.first('start', ({ id, name: other }) => id !== old.id && other.includes(name));
  return { stoppedMs: old.atMs, startedMs: fresh.atMs };
}

function recreate(fleet: BenchFleet): Contender {
  return {
    work: () =>
      following(fleet.docker, async (events) => {
        const beganMs = Date.now();
        const old = fleet.docker.getContainer(FLOOR);
        await old.stop();
        await old.remove();
        const id = await makeFloorContainer(fleet, FLOOR);
        await fleet.docker.getContainer(id).start();
        const started = await events.first('start', (event) => event.id === id);
        return started.atMs - beganMs;
      }),
    clean: async () => {},
  };
}

function swap(fleet: BenchFleet): Contender {
  return {
    work: () =>
      following(fleet.docker, async (events) => {
        const old = fleet.docker.getContainer(FLOOR);
        const fresh = fleet.docker.getContainer(await makeFloorContainer(fleet, `${FLOOR}-new`));
        await old.stop();
        await fresh.start();
        const stopped = await events.first('kill', ({ name }) => name === FLOOR);
        const started = await events.first('start', ({ id }) => id === fresh.id);
        await old.remove();
        await fresh.rename({ name: FLOOR });
        return started.atMs - stopped.atMs;
      }),
    clean: async () => {},
  };
}
