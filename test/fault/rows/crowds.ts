import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Crowd } from '../../bench/crowd/crowd.ts';
import { fleetFiles } from '../../bench/crowd/stacks.ts';
import { eventually } from '../../support/eventually.ts';
import { must, type Row } from '../row.ts';

/** Agents of both crowds where the machine bears fewer: MOORING_TEST_CROWD. */
const WISHED = Number(process.env['MOORING_TEST_CROWD'] ?? Number.POSITIVE_INFINITY);
const RECONNECTING = Math.min(1000, WISHED);
const ARRIVING = Math.min(10_000, WISHED);
/** Milliseconds within which they all connect for the first time. */
const ARRIVE_WITHIN_MS = 10_000;
/** Agents that connect to the broker side by side before it is killed. */
const SIDE = 32;
/** Memory that the hub may have used at most, beside what each connection keeps: no crowd ends it. */
const MAX_HUB_MIB = 600;
const MAX_CONNECTION_KIB = 200;
/** Milliseconds of processor that the hub may use for each agent that comes back to the broker: it is not asked, and publishes once. */
const MAX_HUB_MS_PER_AGENT = 30;
const CLOCK_TICK_MS = 10;

/** A crowd of its own: the fleet of the other rows takes no part. */
async function withCrowd<T>(agents: number, play: (crowd: Crowd) => Promise<T>): Promise<T> {
  const crowd = await Crowd.make(agents);
  try {
    crowd.repository.commit('first', fleetFiles(0));
    await crowd.startHub();
    await crowd.push({});
    return await play(crowd);
  } finally {
    await crowd.close();
  }
}

function brokerPid({ data }: Crowd): number {
  return Number(readFileSync(join(data, 'broker', 'nats.pid'), 'utf8'));
}

/** Milliseconds of processor that a process has used. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
}

/** MiB that a process had at most. */
function peakMib(pid: number): number {
  const [, kib = ''] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

const brokerLost = () =>
  withCrowd(RECONNECTING, async (crowd) => {
    await crowd.agents.ask('subscribe', { side: SIDE });
    const [pid, hub] = [brokerPid(crowd), crowd.hubPid];
    const before = processorMs(hub);
    await crowd.agents.ask('watch', { holding: 'newest' });
    const killedMs = Date.now();
    process.kill(pid, 'SIGKILL');
    const { lastMs } = await crowd.agents.ask('held', undefined);
    must(brokerPid(crowd) !== pid, 'the broker is the same one');
    const usedMs = processorMs(hub) - before;
    must(usedMs < RECONNECTING * MAX_HUB_MS_PER_AGENT, `the hub used ${usedMs} ms of processor`);
    const seconds = ((lastMs - killedMs) / 1000).toFixed(0);
    return {
      injected: `kill -9 of the broker of ${RECONNECTING} agents`,
      observed: `the last holds the newest again after ${seconds} s; the hub used ${usedMs} ms of processor for it`,
    };
  });

const arrival = () =>
  withCrowd(ARRIVING, async (crowd) => {
    const pid = crowd.hubPid;
    const storm = await crowd.agents.ask('storm', { address: crowd.roster.hubAddress, withinMs: ARRIVE_WITHIN_MS });
    must(crowd.hubPid === pid, 'the hub is another');
    await eventually('the hub sees each of them', async () => {
      const { hosts } = await crowd.client.fleet.getStatus({});
      must(hosts?.online === ARRIVING, `${hosts?.online} of ${ARRIVING} are online`);
    });
    const mib = peakMib(pid);
    const limit = MAX_HUB_MIB + (ARRIVING * MAX_CONNECTION_KIB) / 1024;
    must(mib < limit, `the hub had ${mib} MiB; ${limit} at most`);
    return {
      injected: `${ARRIVING} agents connect within ${ARRIVE_WITHIN_MS / 1000} s`,
      observed: `all are there after ${(storm.tookMs / 1000).toFixed(0)} s: ${storm.turnedAway} times told to come back, ${storm.failed} times no connection; the hub had ${mib.toFixed(0)} MiB at most`,
    };
  });

export const CROWD_ROWS: readonly Row[] = [
  { number: 41, part: 'broker', fault: '1000 agents reconnect', run: brokerLost },
  { number: 70, part: 'hub', fault: '10,000 agents connect', run: arrival },
];
