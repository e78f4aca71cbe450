import { contestReport } from './contest-report.ts';
import { startBareHub } from './crowd/bare-side.ts';
import { Crowd, type CrowdOptions, type CrowdSize } from './crowd/crowd.ts';
import { interleave } from './interleave.ts';
import type { Bench, Report } from './report.ts';

const AGENTS = 2000;
const ROUNDS = 5;
/** Agents that connect side by side: the hub sets the pace, for the next comes when one has its welcome. */
const CONNECTING = 64;
const AIM = 1.3;

/** All agents connect again after a cut. */
export function reconnectBench({ agents = AGENTS, rounds = ROUNDS }: CrowdOptions): Bench {
  return { name: 'reconnect', run: (progress) => runReconnect({ agents, rounds }, progress) };
}

async function runReconnect({ agents, rounds }: CrowdSize, progress: (sentence: string) => void): Promise<Report> {
  const crowd = await Crowd.make(agents);
  try {
    const bare = await startBareHub(crowd);
    try {
      await crowd.startHub();
      const contender = (address: string) => ({
        work: () => crowd.agents.ask('connect', { address, side: CONNECTING }),
        clean: () => crowd.agents.ask('cut', undefined),
      });
      const outcome = await interleave({
        floor: contender(bare.address),
        mooring: contender(crowd.roster.hubAddress),
        rounds,
        progress,
      });
      return contestReport(
        {
          title: `reconnect: ${agents} agents, each with its certificate over mTLS, ${CONNECTING} at a time, until each is welcome`,
          floor: 'bare grpc-js streams',
          mooring: 'Mooring',
          toFloor: AIM,
        },
        outcome,
      );
    } finally {
      await bare.end();
    }
  } finally {
    await crowd.close();
  }
}
