import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { contestReport } from './contest-report.ts';
import { BareDrift, type DriftAnswer } from './crowd/bare-drift.ts';
import { Crowd, type CrowdOptions, type CrowdSize } from './crowd/crowd.ts';
import type { AssignedStack } from './crowd/report-content.ts';
import { fleetFiles } from './crowd/stacks.ts';
import { type Contender, interleave } from './interleave.ts';
import type { Bench, Report } from './report.ts';

const AGENTS = 10_000;
const STACKS = 20;
const ROUNDS = 10;
const CONNECTING = 64;
/** Questions of one round, each after another host has reported a change: nothing that is kept may be out of date. */
const QUESTIONS = 20;
const PAGE_SIZE = 100;
/** Hosts that were not heard of for so long are silent: three times the slowest heartbeat, and what the hub may flush late. */
const SILENT_MS = 120_000;
const AIM = 2;

/** The drift of the whole fleet, asked from the hub, beside the SQL that answers the same. */
export function driftSqlBench({ agents = AGENTS, rounds = ROUNDS }: CrowdOptions): Bench {
  return { name: 'drift-sql', run: (progress) => runDriftSql({ agents, rounds }, progress) };
}

async function runDriftSql({ agents, rounds }: CrowdSize, progress: (sentence: string) => void): Promise<Report> {
  const crowd = await Crowd.make(agents);
  try {
    crowd.repository.commit('first', fleetFiles(0, STACKS));
    await crowd.startHub();
    await crowd.push({});
    progress(`${agents} hosts have their assignments`);
    await crowd.agents.ask('connect', { address: crowd.roster.hubAddress, side: CONNECTING });
    const [stack] = await crowd.agents.ask('reportAssigned', undefined);
    if (stack === undefined) throw new Error('nothing is assigned; stacks are wanted');
    progress(`all of them are connected and reported ${STACKS} stacks each`);
    const bare = new BareDrift(join(crowd.data, 'hub.db'));
    try {
      const answers: DriftAnswer[] = [];
      const askSql = () => bare.ask(PAGE_SIZE, Date.now() - SILENT_MS);
      // The hub writes signs of life down twice a minute.
      await eventually('the database knows who is there', () => {
        if (askSql().unknown > 0) throw new Error(JSON.stringify(askSql()));
      });
      const floor = () => answers.push(askSql());
      const mooring = async () => answers.push(await askHub(crowd));
      const contest = { floor: contender({ crowd, stack }, floor), mooring: contender({ crowd, stack }, mooring) };
      const outcome = await interleave({ ...contest, rounds, progress });
      const [answer] = answers;
      // Whoever answers something else has not done the work.
      const other = answers.find((one) => !isDeepStrictEqual(one, answer));
      if (other !== undefined) throw new Error(`${JSON.stringify(other)} and ${JSON.stringify(answer)} differ`);
      return contestReport(
        {
          title: `drift-sql: drift of ${agents} hosts with ${STACKS} stacks each, ${QUESTIONS} questions, a report before each`,
          floor: 'bare SQL on the same database',
          mooring: 'Mooring, through its API',
          toFloor: AIM,
          notes: [`the answer: ${JSON.stringify(answer)}`],
        },
        outcome,
      );
    } finally {
      bare.close();
    }
  } finally {
    await crowd.close();
  }
}

let changes = 0;

/** Milliseconds of the questions alone. */
function contender(
  { crowd, stack }: { readonly crowd: Crowd; readonly stack: AssignedStack },
  ask: () => unknown,
): Contender {
  return {
    work: async () => {
      let spentMs = 0;
      for (let question = 0; question < QUESTIONS; question += 1) {
        changes += 1;
        // Never one of those that have drift: the answer stays what it is.
        await crowd.agents.ask('reportChange', { agent: 1 + (changes % 20), change: changes, stack });
        const beganMs = performance.now();
        await ask();
        spentMs += performance.now() - beganMs;
      }
      return spentMs;
    },
    clean: () => Promise.resolve(),
  };
}

async function askHub({ client }: Crowd): Promise<DriftAnswer> {
  const answer = await client.fleet.listDrift({ host: '', stack: '', pageSize: PAGE_SIZE, pageToken: '' });
  const { drift, total, unknownHosts, cleanHosts } = answer;
  return { rows: drift.length, total, unknown: unknownHosts.length, clean: cleanHosts };
}
