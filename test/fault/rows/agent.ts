import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { HEARTBEAT_MS, type TestHost } from '../../support/fleet.ts';
import { Forger } from '../../support/forger.ts';
import { run } from '../../support/run.ts';
import { acceptedBy } from '../accepted.ts';
import { sentAndStored, waitingToBeStored } from '../outboxes.ts';
import { seeded } from '../random.ts';
import { must, type Row } from '../row.ts';
import { APP, CALM, type Stage } from '../stage.ts';

/** Syncs of accepting, counted from the start of the agent: staging, the draft, the folder. */
const SYNCS = [1, 2, 3, 4, 5, 6];
/** Kills around a delivery. */
const OUTBOX_ROUNDS = 40;
/** Of these, those that must hit the moment between sending and acknowledging. */
const MIN_IN_DELIVERY = 20;
/** Milliseconds that everything takes on its way, so that a delivery is long enough to be hit. */
const DELIVERY_MS = 300;
/** Less than Node.js needs to start. */
const LITTLE_MEMORY = '24M';
const MEMORY_CGROUP = '/sys/fs/cgroup/memory';

async function died(host: TestHost, signal: NodeJS.Signals): Promise<void> {
  const { agent } = host;
  await eventually(`the agent is ended by ${signal}`, () => must(agent?.running === false, 'it runs'));
}

async function killedIdle(stage: Stage) {
  const { web1 } = stage;
  const before = await stage.view(web1);
  await stage.untouched(async () => {
    await web1.agent?.kill();
    must(web1.agent?.running === false, 'the agent was not killed');
    web1.startAgent();
    await stage.logged(web1, /connected to the hub/);
    await stage.well();
  });
  const after = await stage.view(web1);
  must(after.state?.acceptedGeneration === before.state?.acceptedGeneration, 'it accepted another generation');
  return { injected: 'SIGKILL', observed: `nothing touched, generation ${after.state?.acceptedGeneration} kept` };
}

/** Killed by the kernel at the n-th fsync of its life, while it accepts. */
async function killedAccepting(stage: Stage) {
  const { web1 } = stage;
  stage.usualAgentAfter(web1);
  const thief = await thiefOf(stage, web1);
  let deaths = 0;
  for (const sync of SYNCS) {
    const before = BigInt((await stage.view(web1)).state?.acceptedGeneration ?? 0);
    const inject = `inject=fsync:signal=KILL:when=${sync}`;
    web1.agentPrefix = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync', '-e', inject];
    await stage.restartAgent(web1);
    const commit = stage.commit();
    await Promise.race([died(web1, 'SIGKILL'), stage.runs(web1, stage.version)]);
    if (web1.agent?.running === false) deaths += 1;
    web1.agentPrefix = [];
    await stage.restartAgent(web1);
    await stage.arrived(commit);
    const after = BigInt((await stage.view(web1)).state?.acceptedGeneration ?? 0);
    must(after > before, `after fsync ${sync} it is at ${after}, before at ${before}`);
  }
  must(deaths >= 3, `it died ${deaths} times only`);
  const accepted = acceptedBy(web1);
  const lower = accepted.find((generation, index) => generation < (accepted[index - 1] ?? 0n));
  must(lower === undefined, `generation ${lower} was accepted after a higher one`);
  await thief.push(thief.newest);
  const { state } = await stage.seen(
    web1,
    'what it ran before the kills is refused',
    (view) => view.state?.refusal?.code === 'ASSIGNMENT_ROLLBACK',
  );
  await stage.arrived(stage.commit());
  return {
    injected: `SIGKILL at fsync ${SYNCS.join(', ')}: died ${deaths} times; then the assignment of before is replayed by the broker`,
    observed: `old or new accepted, never lower; the replay: ${state?.refusal?.message.slice(0, 100)}`,
  };
}

/** Has what the host was sent last, and the broker to send it once more. */
async function thiefOf({ fleet }: Stage, host: TestHost): Promise<Forger> {
  await fleet.hub?.stop();
  const thief = await Forger.against(fleet, host.name);
  await fleet.startHub();
  return thief;
}

async function killedApplying(stage: Stage) {
  const { web1 } = stage;
  stage.usualAgentAfter(web1);
  const points = ['replace.stopped', 'replace.created', 'replace.renamed'];
  for (const failpoint of points) {
    await stage.restartAgent(web1, { MOORING_FAILPOINT: failpoint });
    const commit = stage.commit();
    await died(web1, 'SIGKILL');
    web1.startAgent();
    await stage.arrived(commit);
    const names = (await web1.containers()).filter((name) => name.startsWith('shop-'));
    must(names.join() === [APP, CALM].join(), `there are ${names.join()}`);
  }
  return { injected: `killed at ${points.join(', ')}`, observed: 'finished, no duplicate' };
}

async function killedSending(stage: Stage) {
  const { web1 } = stage;
  const line = await stage.line(web1, 'grpc');
  await line.set({ latencyMs: DELIVERY_MS });
  const random = seeded(7);
  let inDelivery = 0;
  for (let round = 0; round < OUTBOX_ROUNDS; round += 1) {
    await removeIfThere(web1, CALM);
    await eventually('it has something to tell', () => must(waitingToBeStored(web1) > 0, 'the outbox is empty'));
    // Somewhere between the way there and the way back.
    await delay(random.between(0, 2 * DELIVERY_MS));
    if (waitingToBeStored(web1) > 0) inDelivery += 1;
    await stage.restartAgent(web1);
    await stage.logged(web1, /connected to the hub/);
  }
  must(inDelivery >= MIN_IN_DELIVERY, `${inDelivery} kills hit a delivery`);
  await line.set({});
  await stage.well();
  const { sent, stored } = await eventually('all that was sent is stored', () => {
    const counts = sentAndStored(stage.fleet, web1);
    must(counts.missing.length === 0, `missing: ${counts.missing.join()}`);
    return counts;
  });
  must(stored.length === new Set(stored).size, 'an event is stored twice');
  return {
    injected: `${OUTBOX_ROUNDS} kills, ${inDelivery} of them with events on their way and not acknowledged`,
    observed: `${sent} events told, ${stored.length} stored, each once`,
  };
}

async function removeIfThere({ engine }: TestHost, name: string): Promise<void> {
  const all = await engine.docker.listContainers({ all: true, filters: { name: [`^/${name}$`] } });
  for (const { Id } of all) await engine.docker.getContainer(Id).remove({ force: true });
}

async function stopped(stage: Stage) {
  const { web1 } = stage;
  await stage.untouched(async () => {
    web1.agent?.signal('SIGSTOP');
    stage.after(() => web1.agent?.signal('SIGCONT'));
    must(/\(stopped\)/.test(readFileSync(`/proc/${web1.agent?.pid}/status`, 'utf8')), 'it is not stopped');
    const view = await stage.seen(web1, 'Unknown and offline', ({ online, sync }) => !online && sync === 'Unknown');
    must(Number(view.lastSeenAgeMs) >= 3 * HEARTBEAT_MS - 500, `offline after ${view.lastSeenAgeMs} ms already`);
    web1.agent?.signal('SIGCONT');
    await stage.well();
  });
  return { injected: 'SIGSTOP beyond three heartbeats', observed: 'Offline and Unknown meanwhile, nothing touched' };
}

async function startedTwice(stage: Stage) {
  const { web1 } = stage;
  const second = await web1.run('run', '--docker', web1.agentSocket);
  must(second.code === 1 && second.stderr.includes('STATE_LOCKED'), `${second.code}: ${second.stderr}`);
  must(second.stderr.includes(`process ${web1.agent?.pid} `), second.stderr);
  return {
    injected: 'a second agent on the same folder',
    observed: `ended with 1: STATE_LOCKED, names process ${web1.agent?.pid}`,
  };
}

async function outOfDescriptors(stage: Stage) {
  const { web1 } = stage;
  const pid = String(web1.agent?.pid);
  stage.usualAgentAfter(web1);
  const usual = (await run('prlimit', ['--pid', pid, '--nofile', '--output=SOFT', '--noheadings'])).trim();
  // The limit of an ordinary user: that which it may take back.
  const limit = (soft: number | string) => run('prlimit', ['--pid', pid, `--nofile=${soft}:`]);
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  const free = Array.from({ length: open.size + 1 }, (_, number) => number).find((number) => !open.has(number)) ?? 0;
  await limit(free);
  await stage.removeByHand(web1, CALM);
  const view = await stage.seen(web1, 'why it cannot', ({ reason, state }) =>
    /EMFILE|too many open files/i.test(`${reason} ${state?.problem?.message}`),
  );
  must(web1.agent?.running === true, 'the agent died of it');
  await limit(usual);
  await stage.running(web1, CALM);
  await stage.well();
  must(web1.agent?.running === true, 'the agent died of it');
  return {
    injected: `no descriptor beyond the ${open.size} that are open`,
    observed: `${view.sync}: ${(view.state?.problem?.message ?? view.reason).slice(0, 120)}; then healed by the same process`,
  };
}

async function outOfMemory(stage: Stage) {
  const { web1 } = stage;
  const group = join(MEMORY_CGROUP, `mooring-fault-${process.pid}`);
  mkdirSync(group);
  stage.usualAgentAfter(web1);
  stage.after(() => rmdirSync(group));
  writeFileSync(join(group, 'memory.limit_in_bytes'), LITTLE_MEMORY);
  const kills = await stage.untouched(async () => {
    web1.agentPrefix = ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'in-little-memory'];
    await stage.restartAgent(web1);
    await died(web1, 'SIGKILL');
    const control = readFileSync(join(group, 'memory.oom_control'), 'utf8');
    web1.agentPrefix = [];
    web1.startAgent();
    await stage.logged(web1, /connected to the hub/);
    await stage.well();
    return Number(/oom_kill (\d+)/.exec(control)?.[1] ?? 0);
  });
  must(kills > 0, 'the kernel counted no kill for want of memory');
  return {
    injected: `${LITTLE_MEMORY} of memory: ${kills} kills by the kernel`,
    observed: 'started again, nothing touched',
  };
}

export const AGENT_ROWS: readonly Row[] = [
  { number: 1, part: 'agent', fault: 'kill -9 while idle', run: killedIdle },
  { number: 2, part: 'agent', fault: 'kill -9 while accepting', run: killedAccepting },
  { number: 3, part: 'agent', fault: 'kill -9 while applying', run: killedApplying },
  { number: 4, part: 'agent', fault: 'kill -9 while sending events', run: killedSending },
  { number: 5, part: 'agent', fault: 'stopped, then goes on', run: stopped },
  { number: 6, part: 'agent', fault: 'started twice', run: startedTwice },
  { number: 12, part: 'agent', fault: 'no descriptors left', run: outOfDescriptors },
  { number: 13, part: 'agent', fault: 'killed for its memory', run: outOfMemory },
];
