import { readdirSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { contestReport } from './contest-report.ts';
import { startBareHub } from './crowd/bare-side.ts';
import { Crowd, type CrowdOptions, type CrowdSize } from './crowd/crowd.ts';
import { type Contender, interleave } from './interleave.ts';
import type { Bench, Report } from './report.ts';

const AGENTS = 2000;
const ROUNDS = 5;
/** Agents that connect side by side: the hub sets the pace, for the next comes when one has its welcome. */
const CONNECTING = 64;
/** Files that a process may have open beside those of the moment before, when all its connections are gone. */
const OTHER_FILES = 16;
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
      const outcome = await interleave({
        floor: contender(crowd, bare),
        mooring: contender(crowd, { address: crowd.roster.hubAddress, pid: crowd.hubPid }),
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

/** All connect to one process; a cut is over when that process has closed its end of every connection. */
function contender({ agents }: Crowd, { address, pid }: { readonly address: string; readonly pid: number }): Contender {
  const before = openFiles(pid);
  return {
    work: () => agents.ask('connect', { address, side: CONNECTING }),
    clean: async () => {
      await agents.ask('cut', undefined);
      await eventually('every connection is closed', () => {
        const open = openFiles(pid);
        if (open > before + OTHER_FILES) throw new Error(`${open} files are open; ${before} were`);
      });
    },
  };
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
