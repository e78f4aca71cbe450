import { renameSync, rmSync } from 'node:fs';
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
    await stage.logged(web1, /connected to the hub/);
    await stage.well();
  });
  await stage.arrived(stage.commit());
  return {
    injected: `its clock is ${FAR_DAYS} days ahead, as its log shows`,
    observed: 'nothing touched, the next commit arrives',
  };
}

async function agentBehind(stage: Stage) {
  const { web1, web2 } = stage;
  const clock = agentClock(stage, -FAR_DAYS * DAY_MS);
  await stage.untouched(async () => {
    await stage.restartAgent(web1, clock.environment);
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
    observed: `healed; ${state?.refusal?.message.slice(0, 140)}; taken once the clock is right`,
  };
}

async function jumpsBack(stage: Stage) {
  const { web1 } = stage;
  const clock = agentClock(stage, 0);
  await stage.restartAgent(web1, clock.environment);
  await stage.logged(web1, /connected to the hub/);
  await stage.well();
  clock.set(-HOUR_MS);
  await stage.heals(web1, CALM);
  await stage.arrived(stage.commit());
  clock.set(0);
  await stage.heals(web1, APP);
  return {
    injected: 'its clock jumps back one hour and forth again while it runs',
    observed: 'heals and follows as ever',
  };
}

async function suspended(stage: Stage) {
  const { web1 } = stage;
  const clock = agentClock(stage, 0);
  await stage.restartAgent(web1, clock.environment);
  await stage.logged(web1, /connected to the hub/);
  await stage.well();
  await stage.untouched(async () => {
    web1.agent?.signal('SIGSTOP');
    await stage.seen(web1, 'offline', ({ online }) => !online);
    clock.set(8 * HOUR_MS);
    web1.agent?.signal('SIGCONT');
    await stage.well();
  });
  await stage.heals(web1, CALM);
  return {
    injected: 'stopped; eight hours later by its clock it goes on',
    observed: 'back without a change, then as ever',
  };
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
