import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Program } from '../support/program.ts';
import type { BenchFleet } from './bench-fleet.ts';
import { type Cost, childrenOf, costOf } from './process-cost.ts';
import type { Bench, Report } from './report.ts';

const CONTAINERS = 50;
/** Seconds of idleness unless told otherwise. */
const IDLE_S = 300;
const AIMS = { agent: '<= 80 MB, <= 0.5 %', hub: '<= 130 MB' } as const;

/** Memory and processor time of hub and agent that have nothing to do. */
export function idleBench(fleet: BenchFleet, seconds: number = IDLE_S): Bench {
  return { name: 'idle', run: (progress) => runIdle(fleet, seconds, progress) };
}

async function runIdle(bench: BenchFleet, seconds: number, progress: (sentence: string) => void): Promise<Report> {
  const bare = bareNode(bench);
  try {
    await bench.settle(CONTAINERS);
    const hub = bench.fleet.hub?.pid ?? 0;
    const broker = childrenOf(hub).find(({ name }) => name.startsWith('nats-server'));
    if (broker === undefined) throw new Error('the hub has no broker of its own; one is wanted');
    const watched = [
      { name: 'agent', pid: bench.host.agent?.pid ?? 0, aim: AIMS.agent },
      { name: 'hub', pid: hub, aim: AIMS.hub },
      { name: "the hub's nats-server", pid: broker.pid, aim: '' },
      { name: `bare Node ${process.versions.node}`, pid: bare.pid, aim: '' },
    ];
    const before = watched.map(({ pid }) => costOf(pid));
    progress(`${CONTAINERS} containers run; idle for ${seconds} s`);
    await delay(seconds * 1000);
    const after = watched.map(({ pid }) => costOf(pid));
    const figures = watched.map(({ name, aim }, index) => {
      return { name, aim, ...spent(before[index], after[index], seconds) };
    });
    return {
      title: `idle: ${CONTAINERS} containers, ${seconds} s with nothing to do`,
      head: ['', 'resident', 'peak', 'of one core', 'aim'],
      rows: figures.map(({ name, residentMb, peakMb, percent, aim }) => [
        name,
        `${residentMb.toFixed(0)} MB`,
        `${peakMb.toFixed(0)} MB`,
        `${percent.toFixed(2)} %`,
        aim,
      ]),
      notes: [],
      figures: { seconds, containers: CONTAINERS, processes: figures },
    };
  } finally {
    await bare.stop();
    await bench.settle(0);
  }
}

function spent(before: Cost | undefined, after: Cost | undefined, seconds: number) {
  if (before === undefined || after === undefined) throw new Error('every process is read before and after');
  const percent = ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100;
  return { residentMb: after.residentMb, peakMb: after.peakMb, percent };
}

/** A Node that does nothing: what no program of ours can be below. */
function bareNode(bench: BenchFleet): Program {
  return new Program({
    command: process.execPath,
    args: ['--eval', 'setInterval(() => {}, 1e9)'],
    log: join(bench.fleet.folder.path, 'bare.log'),
  });
}
