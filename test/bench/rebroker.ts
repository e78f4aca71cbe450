import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contestReport } from './contest-report.ts';
import { BareBroker } from './crowd/bare-broker.ts';
import { BarePublisher } from './crowd/bare-publisher.ts';
import { Crowd, type CrowdOptions, type CrowdSize } from './crowd/crowd.ts';
import { fleetFiles } from './crowd/stacks.ts';
import { type Contender, interleave } from './interleave.ts';
import type { Bench, Report } from './report.ts';

const AGENTS = 1000;
const ROUNDS = 8;
/** Agents that connect to the broker side by side. */
const CONNECTING = 32;
const AIM = 1.3;

/** The broker is killed and comes back with an empty store, until the last agent holds the newest again. */
export function rebrokerBench({ agents = AGENTS, rounds = ROUNDS }: CrowdOptions): Bench {
  return { name: 'rebroker', run: (progress) => runRebroker({ agents, rounds }, progress) };
}

async function runRebroker({ agents, rounds }: CrowdSize, progress: (sentence: string) => void): Promise<Report> {
  const crowd = await Crowd.make(agents);
  try {
    crowd.repository.commit('first', fleetFiles(0));
    await crowd.startHub();
    await crowd.push({});
    await crowd.agents.ask('subscribe', { side: CONNECTING });
    const broker = await BareBroker.start(crowd);
    const publisher = await BarePublisher.connect(crowd, broker.url);
    try {
      await crowd.agents.ask('subscribeBare', { url: broker.url, side: CONNECTING });
      progress(`${agents} agents and ${agents} bare subscribers are connected, each to their broker`);
      const envelopes = await crowd.agents.ask('envelopes', undefined);
      await publisher.keepPublished(envelopes);
      const outcome = await interleave({
        floor: floorContender(crowd, broker),
        mooring: mooringContender(crowd),
        rounds,
        progress,
      });
      return contestReport(
        {
          title: `rebroker: the broker is killed and comes back empty, until the last of ${agents} agents holds the newest`,
          floor: 'bare NATS: reconnect, make the stream, publish all',
          mooring: 'Mooring, every one verified',
          toFloor: AIM,
        },
        outcome,
      );
    } finally {
      await publisher.close();
      await broker.close();
    }
  } finally {
    await crowd.close();
  }
}

function floorContender(crowd: Crowd, broker: BareBroker): Contender {
  return {
    work: async () => {
      await crowd.agents.ask('watchBare', undefined);
      return await timed(crowd, () => broker.loseStore());
    },
    clean: () => Promise.resolve(),
  };
}

/** The hub's own broker: the hub starts it again, and fills it. */
function mooringContender(crowd: Crowd): Contender {
  const folder = join(crowd.data, 'broker');
  return {
    work: async () => {
      await crowd.agents.ask('watch', { holding: 'newest' });
      return await timed(crowd, async () => {
        process.kill(Number(readFileSync(join(folder, 'nats.pid'), 'utf8')), 'SIGKILL');
        rmSync(join(folder, 'jetstream'), { recursive: true, force: true });
      });
    },
    clean: () => Promise.resolve(),
  };
}

/** From the loss until the last holds it. */
async function timed(crowd: Crowd, lose: () => Promise<void>): Promise<number> {
  const beganMs = performance.timeOrigin + performance.now();
  const [{ lastMs }] = await Promise.all([crowd.agents.ask('held', undefined), lose()]);
  return lastMs - beganMs;
}
