import type Docker from 'dockerode';
import { eventually } from '../support/eventually.ts';
import { startWorkbench } from '../support/workbench.ts';
import type { BenchFleet } from './bench-fleet.ts';
import { STACK } from './bench-stack.ts';
import { contestReport } from './contest-report.ts';
import { EngineEvents, following } from './engine-events.ts';
import { removeAll } from './floor.ts';
import { type Contender, interleave } from './interleave.ts';
import type { Bench, Report } from './report.ts';
import { makeFloorContainer, makeFloorNetwork } from './side-by-side.ts';

const ROUNDS = 8;
const MOORED = `${STACK}-s01-1`;
const FLOOR = 'floor-s01-1';
const SWARM_PORT = 2377;
const AIM_TO_FLOOR = 1.15;

/** How a container is lost, and the event that says so. */
const LOSSES = {
  kill: { event: 'die', words: 'docker kill', lose: (one: Docker.Container) => one.kill() },
  remove: { event: 'destroy', words: 'docker rm -f', lose: (one: Docker.Container) => one.remove({ force: true }) },
} as const;

type Loss = keyof typeof LOSSES;

/** A container that is lost runs again: `heal-kill`, `heal-remove`. */
export function healBenches(fleet: BenchFleet, rounds: number = ROUNDS): readonly Bench[] {
  return (['kill', 'remove'] as const).map((loss) => ({
    name: `heal-${loss}`,
    run: (progress) => runHeal(fleet, { loss, rounds }, progress),
  }));
}

async function runHeal(
  fleet: BenchFleet,
  { loss, rounds }: { readonly loss: Loss; readonly rounds: number },
  progress: (sentence: string) => void,
): Promise<Report> {
  const swarm = await startWorkbench('26');
  try {
    await startSwarm(swarm.engine.docker);
    await fleet.settle(1);
    await makeFloorNetwork(fleet);
    await fleet.docker.getContainer(await makeFloorContainer(fleet, FLOOR)).start();
    const outcome = await interleave({
      floor: { work: () => healByHand(fleet, loss), clean: async () => {} },
      rival: { work: () => timeOfHealing(swarm.engine.docker, loss, () => true), clean: async () => {} },
      mooring: mooringContender(fleet, loss),
      rounds,
      progress,
    });
    const { words, event } = LOSSES[loss];
    const title = `heal-${loss}: ${words}, from the event "${event}" to running`;
    const names = {
      floor: 'raw Engine API, at the event',
      rival: 'Swarm, a service of one replica',
      mooring: 'Mooring',
    };
    return contestReport({ title, ...names, toFloor: AIM_TO_FLOOR }, outcome);
  } finally {
    await swarm.close();
    await fleet.settle(0);
    await removeAll(fleet.docker);
  }
}

/** Loses the one container that is meant, and returns the milliseconds from the engine's saying so to the start of whatever takes its place. */
function timeOfHealing(docker: Docker, loss: Loss, isMeant: (name: string) => boolean): Promise<number> {
  return following(docker, async (events) => {
    const containers = await docker.listContainers();
    const found = containers.find(({ Names }) => isMeant((Names[0] ?? '').slice(1)));
    if (found === undefined) throw new Error('the container that is to be lost does not run');
    await LOSSES[loss].lose(docker.getContainer(found.Id));
    const lost = await events.first(LOSSES[loss].event, ({ id }) => id === found.Id);
    const again = await events.first('start', ({ name }) => isMeant(name));
    return again.atMs - lost.atMs;
  });
}

function mooringContender(fleet: BenchFleet, loss: Loss): Contender {
  return {
    work: () => timeOfHealing(fleet.docker, loss, (name) => name === MOORED),
    clean: () =>
      eventually('the agent is content', async () => {
        const { State } = await fleet.docker.getContainer(MOORED).inspect();
        if (!State.Running || fleet.looks().at(-1)?.settled !== true) throw new Error('it has something to do');
      }),
  };
}

/** What nothing can be faster than: it knows what was lost, and what to make of it. */
async function healByHand(fleet: BenchFleet, loss: Loss): Promise<number> {
  const acting = await EngineEvents.follow(fleet.docker);
  try {
    const healed = timeOfHealing(fleet.docker, loss, (name) => name === FLOOR);
    const lost = await acting.first(LOSSES[loss].event, ({ name }) => name === FLOOR);
    const id = loss === 'kill' ? lost.id : await makeFloorContainer(fleet, FLOOR);
    await fleet.docker.getContainer(id).start();
    return await healed;
  } finally {
    acting.close();
  }
}

async function startSwarm(docker: Docker): Promise<void> {
  const address = `127.0.0.1:${SWARM_PORT}`;
  await docker.swarmInit({ ListenAddr: address, AdvertiseAddr: address });
  await docker.createService({
    Name: 'healed',
    TaskTemplate: { ContainerSpec: { Image: 'local/plain:1', Command: ['sleep', '3600'] } },
    Mode: { Replicated: { Replicas: 1 } },
  });
  await eventually('the service runs', async () => {
    if ((await docker.listContainers()).length !== 1) throw new Error('it does not run');
  });
}
