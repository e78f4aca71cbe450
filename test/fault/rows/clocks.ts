import { renameSync, rmSync } from 'node:fs';
import { eventually } from '../../support/eventually.ts';
import type { TestHost } from '../../support/fleet.ts';
import { run } from '../../support/run.ts';
import { Clock, DAY_MS } from '../clock.ts';
import { must, type Row } from '../row.ts';
import { APP, CALM, type Stage } from '../stage.ts';

const HOUR_MS = DAY_MS / 24;
const FAR_DAYS = 400;

function agentClock(stage: Stage, offsetMs: number): Clock {
  stage.usualAgentAfter(stage.web1);
  return new Clock(stage.fleet.folder.path, offsetMs);
}

async function agentAhead(stage: Stage) {
  const { web1 } = stage;
  const clock = agentClock(stage, FAR_DAYS * DAY_MS);
  await stage.untouched(async () => {
    await stage.restartAgent(web1, clock.environment);
    await stage.logged(web1, new RegExp(`"time":${String(Date.now() + FAR_DAYS * DAY_MS).slice(0, 6)}`));
    await stage.logged(web1, /CERT_EXPIRED.*Check the clock/);
    await stage.logged(web1, /connected to the hub/);
    await stage.well();
  });
  await stage.arrived(stage.commit());
  return {
    injected: `its clock is ${FAR_DAYS} days ahead, as its log shows`,
    observed: 'nothing touched; CERT_EXPIRED with the hint to check the clock; the next commit arrives',
  };
}

async function agentBehind(stage: Stage) {
  const { web1, web2 } = stage;
  const clock = agentClock(stage, -FAR_DAYS * DAY_MS);
  await stage.untouched(async () => {
    await stage.restartAgent(web1, clock.environment);
    await stage.logged(web1, /CERT_NOT_YET_VALID.*Check the clock/);
    await stage.logged(web1, /connected to the hub/);
  });
  await stage.heals(web1, CALM);
  const commit = stage.commit();
  await stage.runs(web2, stage.version);
  const { state } = await stage.seen(web1, 'a refusal', (view) => view.state?.refusal?.code === 'ASSIGNMENT_FUTURE');
  await stage.tidy();
  await stage.arrived(commit);
  return {
    injected: `its clock is ${FAR_DAYS} days behind`,
    observed: `CERT_NOT_YET_VALID with the hint to check the clock; healed; ${state?.refusal?.message.slice(0, 120)}; taken once the clock is right`,
  };
}

async function jumpsBack(stage: Stage) {
  const { web1 } = stage;
  const clock = agentClock(stage, 0);
  await stage.restartAgent(web1, clock.environment);
  await stage.logged(web1, /connected to the hub/);
  await stage.well();
  await stage.untouched(async () => {
    const passes = looks(web1);
    clock.set(-HOUR_MS);
    await heartbeats(stage);
    must(looks(web1) - passes <= MAX_LOOKS, `it looked ${looks(web1) - passes} times`);
  });
  await stage.heals(web1, CALM);
  must(jumped(web1), 'no line of its log shows the jump');
  await stage.arrived(stage.commit());
  clock.set(0);
  await stage.heals(web1, APP);
  return {
    injected: 'its clock jumps back one hour and forth again while it runs',
    observed: 'nothing touched or run again by the jump, heartbeats go on; heals and follows as ever',
  };
}

async function suspended(stage: Stage) {
  const { web1 } = stage;
  const clock = agentClock(stage, 0);
  await stage.restartAgent(web1, clock.environment);
  await stage.logged(web1, /connected to the hub/);
  await stage.well();
  const before = { looks: looks(web1), connected: connections(web1) };
  await stage.untouched(async () => {
    web1.agent?.signal('SIGSTOP');
    stage.after(() => web1.agent?.signal('SIGCONT'));
    await stage.seen(web1, 'offline', ({ online }) => !online);
    clock.set(8 * HOUR_MS);
    web1.agent?.signal('SIGCONT');
    await stage.well();
  });
  await heartbeats(stage);
  const [looked, connected] = [looks(web1) - before.looks, connections(web1) - before.connected];
  must(looked <= MAX_LOOKS, `it looked ${looked} times`);
  must(connected <= 1, `it connected ${connected} times`);
  await stage.heals(web1, CALM);
  return {
    injected: 'stopped until it is offline; eight hours later by its clock it goes on',
    observed: `back without a change: connected anew ${connected} times, looked ${looked} times; then as ever`,
  };
}

/** Looks at the engine that a jump of the clock may cause: one, and those that events of healthchecks bring. */
const MAX_LOOKS = 4;
/** Heartbeats that are waited for where nothing may happen. */
const BEATS = 5;

const linesOf = ({ agent }: TestHost, what: string) =>
  (agent?.output ?? '').split('\n').filter((line) => line.includes(what));
const looks = (host: TestHost) => linesOf(host, '"reconciled"').length;
const connections = (host: TestHost) => linesOf(host, 'connected to the hub').length;

/** A line of its log bears a time before that of the line before it. */
function jumped(host: TestHost): boolean {
  const times = linesOf(host, '"time":').map((line) => Number(/"time":(\d+)/.exec(line)?.[1]));
  return times.some((time, index) => time < (times[index - 1] ?? 0) - HOUR_MS / 2);
}

/** Until the hub has heard of the host some more times. */
async function heartbeats(stage: Stage): Promise<void> {
  for (let beat = 0; beat < BEATS; beat += 1) {
    const { lastSeenAgeMs } = await stage.view(stage.web1);
    const heardByMs = Date.now() - Number(lastSeenAgeMs);
    await eventually('the hub hears of it again', async () => {
      const askedAtMs = Date.now();
      const { lastSeenAgeMs } = await stage.view(stage.web1);
      must(askedAtMs - Number(lastSeenAgeMs) > heardByMs, `${lastSeenAgeMs} ms ago`);
    });
  }
}

async function hubAstray(stage: Stage) {
  const { before, after } = await hubBehind(stage);
  const refusal = await hubAhead(stage);
  return {
    injected: "the hub's clock is a day behind, then two days ahead",
    observed: `behind: generation ${before} is followed by ${after}; ahead: ${refusal.slice(0, 110)}`,
  };
}

async function hubBehind(stage: Stage): Promise<{ readonly before: bigint; readonly after: bigint }> {
  const { fleet, web1 } = stage;
  stage.usualHubAfter();
  const before = BigInt((await stage.view(web1)).state?.acceptedGeneration ?? 0);
  fleet.hubEnvironment = new Clock(fleet.folder.path, -DAY_MS).environment;
  await fleet.hub?.stop();
  await fleet.startHub();
  await stage.well();
  await stage.arrived(stage.commit());
  const after = BigInt((await stage.view(web1)).state?.acceptedGeneration ?? 0);
  must(after > before, `generation ${before} is followed by ${after}`);
  await stage.tidy();
  return { before, after };
}

/** What a hub issued with a clock that was ahead is taken back with its folder: no later generation of that hub would be lower. */
async function hubAhead(stage: Stage): Promise<string> {
  const { fleet, web1 } = stage;
  const kept = `${fleet.data}.before`;
  await fleet.hub?.stop();
  await run('cp', ['-a', fleet.data, kept]);
  stage.usualHubAfter();
  stage.after(async () => {
    await fleet.hub?.stop();
    rmSync(fleet.data, { recursive: true });
    renameSync(kept, fleet.data);
  });
  fleet.hubEnvironment = new Clock(fleet.folder.path, 2 * DAY_MS).environment;
  const commit = await stage.untouched(async () => {
    await fleet.startHub();
    const made = stage.commit();
    await stage.seen(web1, 'a refusal', (view) => view.state?.refusal?.code === 'ASSIGNMENT_FUTURE');
    return made;
  });
  const { state } = await stage.view(web1);
  await stage.tidy();
  await stage.arrived(commit);
  return state?.refusal?.message ?? '';
}

export const CLOCK_ROWS: readonly Row[] = [
  { number: 14, part: 'agent', fault: 'its clock is far ahead', run: agentAhead },
  { number: 15, part: 'agent', fault: 'its clock is far behind', run: agentBehind },
  { number: 16, part: 'agent', fault: 'its clock jumps while it runs', run: jumpsBack },
  { number: 17, part: 'agent', fault: 'suspended for hours', run: suspended },
  { number: 67, part: 'hub', fault: 'its clock is astray', run: hubAstray },
];
