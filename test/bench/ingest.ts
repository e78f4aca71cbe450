import { join } from 'node:path';
import { contestReport } from './contest-report.ts';
import { startBareHub } from './crowd/bare-side.ts';
import { Crowd, type CrowdOptions, type CrowdSize } from './crowd/crowd.ts';
import { interleave } from './interleave.ts';
import { floorOf, spreadOf } from './paired.ts';
import type { Bench, Report } from './report.ts';

const AGENTS = 500;
const ROUNDS = 10;
/** Reports of one round: a few seconds of work. */
const REPORTS = 10_000;
const CONNECTING = 32;
/** The share of the floor's reports per second that is aimed at. */
const AIM = 0.6;

/** Reports that a hub stores, beside what bare grpc-js and a bare group commit allow together. */
export function ingestBench({ agents = AGENTS, rounds = ROUNDS }: CrowdOptions): Bench {
  return { name: 'ingest', run: (progress) => runIngest({ agents, rounds }, progress) };
}

async function runIngest({ agents, rounds }: CrowdSize, progress: (sentence: string) => void): Promise<Report> {
  const [real, bare] = [await Crowd.make(agents), await Crowd.make(agents)];
  const bareHub = await startBareHub(bare, { database: join(bare.makeFolder('bare'), 'reports.db') });
  try {
    await real.startHub();
    await real.agents.ask('connect', { address: real.roster.hubAddress, side: CONNECTING });
    await bare.agents.ask('connect', { address: bareHub.address, side: CONNECTING });
    progress(`${agents} agents are connected to each`);
    const contender = (crowd: Crowd) => ({
      work: () => crowd.agents.ask('report', { count: REPORTS }),
      clean: () => Promise.resolve(),
    });
    const outcome = await interleave({ floor: contender(bare), mooring: contender(real), rounds, progress });
    const perSecond = (ms: number[]) => Math.round((REPORTS * 1000) / spreadOf(ms).median);
    const [floor, mooring] = [
      perSecond(outcome.rounds.map(floorOf)),
      perSecond(outcome.rounds.map((round) => round.mooring)),
    ];
    const share = 1 / outcome.ratios.mooringToFloor.median;
    return contestReport(
      {
        title: `ingest: ${REPORTS} reports of 1 kB stored, from ${agents} agents over mTLS, one under way from each`,
        floor: 'bare grpc-js streams and bare group commit',
        mooring: 'Mooring',
        toFloor: 1 / AIM,
        notes: [
          `reports per second: floor ${floor}, Mooring ${mooring}: ${share.toFixed(2)} of the floor, >= ${AIM} is aimed at`,
        ],
      },
      outcome,
    );
  } finally {
    await bareHub.end();
    await Promise.all([real.close(), bare.close()]);
  }
}
