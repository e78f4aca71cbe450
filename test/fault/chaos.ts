/** `npm run chaos -- --minutes 10 --seed N`: kills hub, broker and agents by chance under load, then judges what became of it; ends with 1 for a breach. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../support/eventually.ts';
import type { TestHost } from '../support/fleet.ts';
import { type Random, seeded } from './random.ts';
import { Recorder } from './recorder.ts';
import { must } from './row.ts';
import { APP, CALM, Stage } from './stage.ts';

const MINUTE_MS = 60_000;
/** Within which everything must be as Git says after the last kill. */
const CONVERGED_WITHIN_MS = 60_000;
/** Between two things that happen. */
const PAUSE_MS = { least: 300, most: 3_000 };
/** How long a killed part stays away. */
const AWAY_MS = { least: 0, most: 8_000 };

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const print = (line: string) => process.stdout.write(`${line}\n`);

/** One thing that happens; returns what it was. */
type Deed = (chaos: Chaos) => Promise<string>;

/** What is played, each as often as it stands here. */
const DEEDS: readonly [Deed, ...Deed[]] = [
  commit,
  commit,
  commit,
  removeCalm,
  removeCalm,
  stopApp,
  limitCalm,
  killAgent,
  killAgent,
  killHub,
  killBroker,
];

interface Chaos {
  readonly stage: Stage;
  readonly random: Random;
  readonly recorder: Recorder;
  /** When something was killed last: what it stays away for counts. */
  killedAtMs: number;
}

function someHost({ stage, random }: Chaos): TestHost {
  return random.pick([stage.web1, stage.web2]);
}

async function commit({ stage }: Chaos): Promise<string> {
  return `commit ${stage.commit().slice(0, 8)}`;
}

async function removeCalm(chaos: Chaos): Promise<string> {
  const host = someHost(chaos);
  return await byHand(chaos, host, [
    'removed',
    CALM,
    () => host.engine.docker.getContainer(CALM).remove({ force: true }),
  ]);
}

async function stopApp(chaos: Chaos): Promise<string> {
  const host = someHost(chaos);
  return await byHand(chaos, host, ['stopped', APP, () => host.engine.docker.getContainer(APP).stop({ t: 0 })]);
}

async function limitCalm(chaos: Chaos): Promise<string> {
  const host = someHost(chaos);
  const limit = { Memory: 64 * 1024 * 1024, MemorySwap: 128 * 1024 * 1024 };
  return await byHand(chaos, host, ['limited', CALM, () => host.engine.docker.getContainer(CALM).update(limit)]);
}

/** A container may be away, or on its way, when a human comes. */
async function byHand(
  { recorder }: Chaos,
  host: TestHost,
  [what, container, change]: readonly [string, string, () => Promise<unknown>],
): Promise<string> {
  recorder.act(host, container, what);
  const failed = await change().then(
    () => '',
    (error: Error) => ` (${error.message.slice(0, 60)})`,
  );
  return `${container} on ${host.name} ${what} by hand${failed}`;
}

async function killAgent(chaos: Chaos): Promise<string> {
  const host = someHost(chaos);
  const fromMs = Date.now();
  await host.agent?.kill();
  chaos.killedAtMs = Date.now();
  await away(chaos);
  host.startAgent();
  chaos.recorder.absent(host, fromMs);
  return `agent of ${host.name} killed`;
}

async function killHub(chaos: Chaos): Promise<string> {
  await chaos.stage.fleet.hub?.kill();
  chaos.killedAtMs = Date.now();
  await away(chaos);
  await chaos.stage.fleet.startHub();
  return 'hub killed';
}

async function killBroker(chaos: Chaos): Promise<string> {
  process.kill(chaos.stage.brokerPid(), 'SIGKILL');
  chaos.killedAtMs = Date.now();
  return 'broker killed';
}

async function away({ random }: Chaos): Promise<void> {
  await delay(random.between(AWAY_MS.least, AWAY_MS.most));
}

async function play(chaos: Chaos, minutes: number): Promise<void> {
  const endMs = Date.now() + minutes * MINUTE_MS;
  while (Date.now() < endMs) {
    print(`${new Date().toISOString()} ${await chaos.random.pick(DEEDS)(chaos)}`);
    await delay(chaos.random.between(PAUSE_MS.least, PAUSE_MS.most));
  }
}

async function converged({ stage, killedAtMs }: Chaos): Promise<number> {
  const newest = stage.fleet.repository.head();
  const leftMs = killedAtMs + CONVERGED_WITHIN_MS - Date.now();
  await eventually(
    'everything is as Git says',
    async () => {
      const { code, stdout } = await stage.fleet.mooring('wait', '--revision', newest, '--timeout', '5s');
      must(code === 0, stdout);
      const status = await stage.fleet.mooring('status', '--exit-code');
      must(status.code === 0, status.stdout);
    },
    Math.max(0, leftMs),
  );
  return Date.now() - killedAtMs;
}

const stage = await Stage.start(Number(values.seed));
try {
  const chaos = { stage, random: seeded(Number(values.seed)), recorder: new Recorder(stage), killedAtMs: Date.now() };
  await play(chaos, Number(values.minutes));
  // The last thing is a kill of each, so that what follows is measured from there.
  for (const kill of [killBroker, killAgent, killHub]) print(await kill(chaos));
  const tookMs = await converged(chaos);
  print(`as Git says ${(tookMs / 1000).toFixed(1)} s after the last kill`);
  const { found, seen } = await chaos.recorder.judge();
  for (const line of seen) print(line);
  for (const breach of found) print(`BREACH ${breach}`);
  print(`${values.minutes} minutes, seed ${values.seed}: ${found.length === 0 ? 'held' : `${found.length} breaches`}`);
  process.exitCode = found.length === 0 ? 0 : 1;
} finally {
  await stage.close();
}
