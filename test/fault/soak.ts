/** `npm run soak -- --minutes N --seed S`: commits, drift and faults; prints what is used in each interval, and ends with 1 when something grows. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Program } from '../support/program.ts';
import { type Random, seeded } from './random.ts';
import { type Sample, verdicts } from './soak-verdict.ts';
import { CALM, Stage } from './stage.ts';

const MINUTE_MS = 60_000;
/** An interval is long enough for a commit, some drift and a fault. */
const INTERVAL_MS = 15_000;
const KIB = 1024;
const MIB = KIB * KIB;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const print = (line: string) => process.stdout.write(`${line}\n`);

/** A fault that no part dies of: what a process uses is what is measured. */
type Trouble = (stage: Stage) => Promise<string>;

const TROUBLES: readonly [Trouble, ...Trouble[]] = [
  async (stage) => `${stage.engine(stage.web1).cutEvents()} stream of events cut`,
  async (stage) => {
    stage
      .engine(stage.web2)
      .set({ calls: /^POST/, times: 2, does: { status: 500, message: 'an error of the engine' } });
    return 'two calls fail';
  },
  async (stage) => {
    process.kill(stage.brokerPid(), 'SIGKILL');
    return 'broker killed';
  },
  async (stage) => {
    await stage.fleet.network.setLine(0, 'down');
    await delay(3_000);
    await stage.fleet.network.setLine(0, 'up');
    return 'line of web-1 down for 3 s';
  },
];

/** One interval: a commit, drift by hand, a fault. */
async function interval(stage: Stage, random: Random): Promise<Sample & { readonly trouble: string }> {
  const endMs = Date.now() + INTERVAL_MS;
  const trouble = await random.pick(TROUBLES)(stage);
  await stage.heals(random.pick([stage.web1, stage.web2]), CALM);
  const beganMs = Date.now();
  await stage.arrived(stage.commit());
  const lagMs = Date.now() - beganMs;
  for (const host of stage.fleet.hosts) stage.engine(host).set(undefined);
  await delay(Math.max(0, endMs - Date.now()));
  const programs = [stage.fleet.hub, ...stage.fleet.hosts.map(({ agent }) => agent)];
  const [hub = 0, ...agents] = programs.map(residentBytes);
  return {
    trouble,
    hubBytes: hub,
    agentBytes: agents.reduce((sum, bytes) => sum + bytes, 0),
    descriptors: programs.reduce((sum, program) => sum + descriptorsOf(program), 0),
    databaseBytes: databaseBytes(stage),
    lagMs,
  };
}

function residentBytes(program: Program | undefined): number {
  const status = readFileSync(`/proc/${program?.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * KIB;
}

function descriptorsOf(program: Program | undefined): number {
  return readdirSync(`/proc/${program?.pid}/fd`).length;
}

function databaseBytes(stage: Stage): number {
  const files = ['hub.db', 'hub.db-wal'].map((name) => join(stage.fleet.data, name));
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

const mib = (bytes: number) => (bytes / MIB).toFixed(1).padStart(7);

const stage = await Stage.start(Number(values.seed));
try {
  const random = seeded(Number(values.seed));
  const samples: Sample[] = [];
  const endMs = Date.now() + Number(values.minutes) * MINUTE_MS;
  print('    hub MiB | agents MiB | descriptors | database MiB | lag s | fault');
  while (Date.now() < endMs) {
    const sample = await interval(stage, random);
    samples.push(sample);
    const { hubBytes, agentBytes, descriptors, databaseBytes: bytes, lagMs, trouble } = sample;
    const used = [
      mib(hubBytes),
      mib(agentBytes),
      String(descriptors).padStart(5),
      mib(bytes),
      (lagMs / 1000).toFixed(1),
    ];
    print(`${String(samples.length).padStart(3)} ${used.join(' | ')} | ${trouble}`);
  }
  const judged = verdicts(samples);
  for (const { measure, second, last, held } of judged)
    print(`${held ? 'held  ' : 'FAILED'} ${measure}: second quarter ${second.toFixed(0)}, last ${last.toFixed(0)}`);
  process.exitCode = judged.every(({ held }) => held) ? 0 : 1;
} finally {
  await stage.close();
}
