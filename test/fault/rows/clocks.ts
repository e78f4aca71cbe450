import { eventually } from '../../support/eventually.ts';
import type { TestHost } from '../../support/fleet.ts';
import { acceptedBy } from '../accepted.ts';
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
  const generation = await hubBehind(stage);
  const refusal = await hubAhead(stage, 2);
  await hubAhead(stage, FAR_DAYS);
  return {
    injected: `the hub's clock is a day behind, then 2 days ahead, then ${FAR_DAYS}, and right again each time`,
    observed: `behind: the next generation is ${generation}, one higher; ahead: ${refusal.slice(0, 140)}; once it is right both hosts go on`,
  };
}

async function hubWithClock(stage: Stage, offsetMs: number): Promise<void> {
  const { fleet } = stage;
  stage.usualHubAfter();
  await fleet.hub?.stop();
  fleet.hubEnvironment = new Clock(fleet.folder.path, offsetMs).environment;
  await fleet.startHub();
}

/** To that hub, certificates of this very day begin tomorrow: it hears nobody, and the broker brings what it signs. */
async function hubBehind(stage: Stage): Promise<bigint> {
  const { web1, web2 } = stage;
  const before = acceptedBy(web1).at(-1) ?? 0n;
  await hubWithClock(stage, -DAY_MS);
  await stage.logged(web1, /its certificate begins at/);
  const commit = stage.commit();
  for (const host of [web1, web2]) await stage.runs(host, stage.version);
  const after = acceptedBy(web1).at(-1) ?? 0n;
  must(after === before + 1n, `generation ${before} is followed by ${after}`);
  await stage.tidy();
  await stage.arrived(commit);
  return after;
}

/** What it signs is refused as long as its clock is wrong, and passed over once that is right: on the same folder, without a hand. */
async function hubAhead(stage: Stage, days: number): Promise<string> {
  const { fleet, web1, web2 } = stage;
  const generation = async () => BigInt((await stage.view(web1)).assignedGeneration);
  const commit = await stage.untouched(async () => {
    await hubWithClock(stage, days * DAY_MS);
    const made = stage.commit();
    await eventually('it signs for its own time', async () =>
      must((await generation()) > BigInt(Date.now() + (days - 1) * DAY_MS), 'not yet'),
    );
    return made;
  });
  const astray = await generation();
  // A clock that is years ahead holds every certificate for ended: what hosts think of it, it hears when it is right.
  const refused = days > 2 ? '' : await refusalOf(stage);
  await stage.tidy();
  await stage.arrived(commit);
  for (const host of [web1, web2]) must((acceptedBy(host).at(-1) ?? 0n) < astray, `${host.name} accepted ${astray}`);
  const mended = await generation();
  must(mended < astray && mended <= BigInt(Date.now()), `generation ${astray} is followed by ${mended}`);
  await stage.arrived(stage.commit());
  const told = await fleet.mooring('status');
  must(!told.stdout.includes('ASSIGNMENT_FUTURE'), told.stdout);
  return refused;
}

/** What a host that refuses is shown as, and what the hub says of it in the first place that people look at. */
async function refusalOf(stage: Stage): Promise<string> {
  const { web1, fleet } = stage;
  const { state } = await stage.seen(web1, 'a refusal', (view) => view.state?.refusal?.code === 'ASSIGNMENT_FUTURE');
  await eventually('status says that clocks disagree', async () => {
    const { stdout } = await fleet.mooring('status');
    must(stdout.includes('ASSIGNMENT_FUTURE') && stdout.includes('clock'), stdout);
  });
  return state?.refusal?.message ?? '';
}

export const CLOCK_ROWS: readonly Row[] = [
  { number: 14, part: 'agent', fault: 'its clock is far ahead', run: agentAhead },
  { number: 15, part: 'agent', fault: 'its clock is far behind', run: agentBehind },
  { number: 16, part: 'agent', fault: 'its clock jumps while it runs', run: jumpsBack },
  { number: 17, part: 'agent', fault: 'suspended for hours', run: suspended },
  { number: 67, part: 'hub', fault: 'its clock is astray', run: hubAstray },
];
