import { setTimeout as delay } from 'node:timers/promises';
import { startBareHub } from './crowd/bare-side.ts';
import { Crowd, type CrowdOptions, type CrowdSize } from './crowd/crowd.ts';
import { floorOf, isSteadySpread, type Round, ratiosOf, spreadOf } from './paired.ts';
import { costOf } from './process-cost.ts';
import { type Bench, type Report, ratioText } from './report.ts';

const AGENTS = 2000;
const ROUNDS = 2;
const CONNECTING = 64;
/** Milliseconds that a process has to become quiet before it is looked at: garbage of starting and connecting is collected when it is idle. */
const SETTLE_MS = 5000;
const AIM = 1.3;
const KB_PER_MB = 1000;

/** What a hub keeps in memory for each agent that is connected. */
export function memoryBench({ agents = AGENTS, rounds = ROUNDS }: CrowdOptions): Bench {
  return { name: 'memory', run: (progress) => runMemory({ agents, rounds }, progress) };
}

async function runMemory({ agents, rounds: count }: CrowdSize, progress: (sentence: string) => void): Promise<Report> {
  const crowd = await Crowd.make(agents);
  try {
    const rounds: Round[] = [];
    for (let index = 1; index <= count; index += 1) {
      const round = { floor: await bare(crowd), mooring: await real(crowd), floorAgain: await bare(crowd) };
      rounds.push(round);
      progress(`round ${index} of ${count}, kB of an agent: ${JSON.stringify(round)}`);
    }
    return reportOf(agents, rounds);
  } finally {
    await crowd.close();
  }
}

/** A new process each time: memory that a process had once it may keep. */
async function bare(crowd: Crowd): Promise<number> {
  const hub = await startBareHub(crowd, { asHub: true });
  try {
    return await kilobytesOfAgent(crowd, hub);
  } finally {
    await hub.end();
  }
}

async function real(crowd: Crowd): Promise<number> {
  await crowd.startHub();
  try {
    return await kilobytesOfAgent(crowd, { pid: crowd.hubPid, address: crowd.roster.hubAddress });
  } finally {
    await crowd.stopHub();
  }
}

/** What the process grows by when all agents are connected and have reported once. */
async function kilobytesOfAgent(
  { agents, roster }: Crowd,
  { pid, address }: { readonly pid: number; readonly address: string },
): Promise<number> {
  await delay(SETTLE_MS);
  const before = costOf(pid).residentMb;
  await agents.ask('connect', { address, side: CONNECTING });
  await agents.ask('report', { count: roster.hosts.length });
  await delay(SETTLE_MS);
  const after = costOf(pid).residentMb;
  await agents.ask('cut', undefined);
  return ((after - before) * KB_PER_MB) / roster.hosts.length;
}

function reportOf(agents: number, rounds: readonly Round[]): Report {
  const { floorToItself, mooringToFloor } = ratiosOf(rounds);
  const median = (values: readonly number[]) => `${spreadOf(values).median.toFixed(1)} kB`;
  const steady = isSteadySpread(floorToItself);
  return {
    title: `memory: what the process grows by for each of ${agents} agents that are connected and reported once`,
    head: ['', 'of an agent', 'to the floor', 'aim'],
    rows: [
      ["bare grpc-js streams, with the hub's flags", median(rounds.map(floorOf)), `${ratioText(floorToItself)} itself`],
      ['Mooring', median(rounds.map(({ mooring }) => mooring)), ratioText(mooringToFloor), `<= ${AIM.toFixed(2)}`],
    ],
    notes: [`${rounds.length} rounds${steady ? '' : ': VOID, the floor differs from itself'}`],
    figures: { agents, rounds, floorToItself, mooringToFloor, steady },
  };
}
