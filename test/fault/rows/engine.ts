import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { must, type Row } from '../row.ts';
import { APP, ASIDE, CALM, type HubView, type Stage } from '../stage.ts';

/** Within which a hung engine must be told, in milliseconds. */
const TOLD_WITHIN_MS = 60_000;
const MAX_IN_FLIGHT = 4;

const has = (code: string) => (view: HubView) => view.state?.problem?.code === code;

async function stoppedEngine(stage: Stage) {
  const { web1 } = stage;
  const began = performance.now();
  await web1.engine.stop();
  await stage.seen(
    web1,
    'ENGINE_UNREACHABLE and Unknown',
    (view) => has('ENGINE_UNREACHABLE')(view) && view.sync === 'Unknown',
  );
  const toldMs = performance.now() - began;
  await web1.engine.start();
  await stage.well();
  return {
    injected: 'SIGTERM',
    observed: `ENGINE_UNREACHABLE and Unknown after ${(toldMs / 1000).toFixed(0)} s; then all runs again`,
  };
}

async function hungEngine(stage: Stage) {
  const { web1 } = stage;
  const proxy = stage.engine(web1);
  let most = 0;
  proxy.set(undefined);
  await stage.untouched(async () => {
    web1.engine.signal('SIGSTOP');
    stage.after(() => web1.engine.signal('SIGCONT'));
    // Somebody must ask: nothing happens on an engine that hangs.
    await stage.restartAgent(web1);
    const began = performance.now();
    await stage.seen(
      web1,
      'ENGINE_UNRESPONSIVE and Unknown',
      (view) => has('ENGINE_UNRESPONSIVE')(view) && view.sync === 'Unknown',
    );
    must(performance.now() - began < TOLD_WITHIN_MS, 'it was told too late');
    most = proxy.mostInFlight;
    must(most <= MAX_IN_FLIGHT, `${most} calls at once`);
    web1.engine.signal('SIGCONT');
    await stage.well();
  });
  return {
    injected: 'SIGSTOP',
    observed: `ENGINE_UNRESPONSIVE and Unknown, at most ${most} calls open, nothing touched`,
  };
}

async function restartedEngine(stage: Stage) {
  const { web1 } = stage;
  const ids = async () => {
    const all = await web1.engine.docker.listContainers({ all: true });
    return all
      .map(({ Id }) => Id)
      .sort()
      .join();
  };
  const before = await ids();
  await web1.engine.stop();
  await web1.engine.start();
  await stage.running(web1, APP);
  await stage.well();
  must((await ids()) === before, 'containers were made anew');
  return {
    injected: 'stopped and started, its containers with it',
    observed: 'the same containers run, none made anew',
  };
}

async function eventsCut(stage: Stage) {
  const { web1 } = stage;
  const cut = stage.engine(web1).cutEvents();
  must(cut > 0, 'no stream of events was open');
  await stage.removeByHand(web1, CALM);
  await stage.running(web1, CALM);
  await eventually('it follows events again', () => must(stage.engine(web1).cutEvents() > 0, 'no stream is open'));
  await stage.heals(web1, CALM);
  return {
    injected: `${cut} stream cut, a container removed right then; cut once more`,
    observed: 'healed both times, follows again',
  };
}

async function eventsSilent(stage: Stage) {
  const { web1 } = stage;
  stage.usualAgentAfter(web1);
  const proxy = stage.engine(web1);
  stage.after(() => {
    proxy.set(undefined);
    proxy.cutEvents();
  });
  proxy.set({ calls: /^GET \/events$/, does: 'silence' });
  await stage.restartAgent(web1, {}, '--audit', '5s');
  await stage.logged(web1, /connected to the hub/);
  await stage.heals(web1, CALM);
  must(proxy.hits > 0, 'nobody followed events');
  return { injected: `${proxy.hits} silent stream of events`, observed: 'healed by the audit (5 s here)' };
}

async function createFails(stage: Stage) {
  const { web1 } = stage;
  const proxy = stage.engine(web1);
  stage.after(() => proxy.set(undefined));
  proxy.set({ calls: /^POST \/containers\/create$/, does: { status: 500, message: 'an error of the engine' } });
  await stage.removeByHand(web1, CALM);
  const { reason } = await stage.seen(web1, 'Failed or Drifted', ({ sync }) => sync === 'Failed' || sync === 'Drifted');
  await eventually('it tries', () => must(proxy.hits > 0, 'no call'));
  const { hits } = proxy;
  proxy.set({
    calls: /^POST \/containers\/create$/,
    times: 1,
    does: { status: 500, message: 'an error of the engine' },
  });
  await stage.removeByHand(web1, ASIDE);
  await stage.running(web1, ASIDE);
  await stage.running(web1, CALM);
  await stage.well();
  return {
    injected: `500 to ${hits + proxy.hits} creates`,
    observed: `${reason.slice(0, 100)}; the other stack and then this one healed`,
  };
}

async function truncatedJson(stage: Stage) {
  const { web1 } = stage;
  const proxy = stage.engine(web1);
  stage.usualAgentAfter(web1);
  stage.after(() => proxy.set(undefined));
  const view = await stage.untouched(async () => {
    proxy.set({ calls: /^GET \/containers\/json$/, does: 'truncate' });
    await stage.restartAgent(web1, {}, '--audit', '2s');
    const seen = await stage.seen(web1, 'a problem of the engine', (now) =>
      /^ENGINE_/.test(now.state?.problem?.code ?? ''),
    );
    await eventually('it asks again', () => must(proxy.hits >= 3, `${proxy.hits} calls`));
    return seen;
  });
  const { hits } = proxy;
  proxy.set(undefined);
  await stage.well();
  return {
    injected: `${hits} listings cut in the middle`,
    observed: `${view.state?.problem?.code}, ${view.sync}; nothing touched, nothing taken for gone`,
  };
}

async function slowEngine(stage: Stage) {
  const { web1 } = stage;
  const proxy = stage.engine(web1);
  stage.usualAgentAfter(web1);
  stage.after(() => proxy.set(undefined));
  await stage.untouched(async () => {
    proxy.set({ calls: /^(?!GET \/events)/, does: { slowMs: 20_000 } });
    await stage.restartAgent(web1);
    await stage.seen(web1, 'ENGINE_UNRESPONSIVE', has('ENGINE_UNRESPONSIVE'));
    must(proxy.mostInFlight <= MAX_IN_FLIGHT, `${proxy.mostInFlight} calls at once`);
    proxy.set({ calls: /^(?!GET \/events)/, does: { slowMs: 1_000 } });
    await stage.well();
  });
  return {
    injected: `20 s a call, ${proxy.hits} calls; then 1 s`,
    observed: 'ENGINE_UNRESPONSIVE, no pile of calls; slow and right with 1 s',
  };
}

async function removedByHand(stage: Stage) {
  const { web1 } = stage;
  const sinceMs = Date.now();
  await stage.heals(web1, CALM);
  await stage.well();
  await eventually('the drift is told', async () => {
    const told = (await stage.fleet.events()).filter(({ host, atMs }) => host === web1.name && Number(atMs) >= sinceMs);
    must(
      told.some(({ kind }) => kind.startsWith('drift')),
      told.map(({ kind }) => kind).join(),
    );
  });
  return { injected: 'docker rm -f', observed: 'made again, drift told' };
}

async function changedByHand(stage: Stage) {
  const { web1 } = stage;
  const { docker } = web1.engine;
  const sinceMs = Date.now();
  await docker.getContainer(CALM).update({ Memory: 32 * 1024 * 1024, MemorySwap: 64 * 1024 * 1024 });
  await docker.getContainer(ASIDE).rename({ name: 'renamed-by-hand' });
  await docker.getNetwork('shop_default').disconnect({ Container: APP, Force: true });
  await eventually('all three are corrected', async () => {
    const calm = await docker.getContainer(CALM).inspect();
    must(calm.HostConfig.Memory === 0, `memory ${calm.HostConfig.Memory}`);
    must((await web1.containers()).includes(ASIDE), 'it still has the name by hand');
    const app = await docker.getContainer(APP).inspect();
    must('shop_default' in app.NetworkSettings.Networks, 'it is not connected');
  });
  await stage.well();
  const told = (await stage.fleet.events()).filter(({ host, atMs }) => host === web1.name && Number(atMs) >= sinceMs);
  const drift = told.filter(({ kind }) => kind.startsWith('drift'));
  must(drift.length >= 3, told.map(({ kind }) => kind).join());
  return { injected: 'update, rename, network disconnect', observed: `corrected; ${drift.length} events of drift` };
}

async function crashLoop(stage: Stage) {
  const { web1 } = stage;
  const commit = stage.commit({ more: 'command: ["sh", "-c", "exit 3"]' });
  const sinceMs = Date.now();
  await stage.witness(web1.name).follow(web1.engine.docker);
  const { reason } = await stage.seen(web1, 'Failed', ({ sync }) => sync === 'Failed');
  // How often it tries in a while is what is measured: there is no condition for what must not happen.
  await delay(20_000);
  const starts = (await stage.witness(web1.name).eventsSince(sinceMs)).filter(
    ({ action }) => action === 'start',
  ).length;
  must(starts <= 12, `${starts} starts in ${Date.now() - sinceMs} ms`);
  await stage.running(web1, CALM);
  await stage.arrived(stage.commit());
  return {
    injected: `commit ${commit.slice(0, 8)} exits with 3`,
    observed: `${reason.slice(0, 90)}; ${starts} starts in 20 s; mended by the next commit`,
  };
}

export const ENGINE_ROWS: readonly Row[] = [
  { number: 18, part: 'dockerd', fault: 'stopped', run: stoppedEngine },
  { number: 19, part: 'dockerd', fault: 'hangs', run: hungEngine },
  { number: 20, part: 'dockerd', fault: 'restarted without live-restore', run: restartedEngine },
  { number: 21, part: 'dockerd', fault: 'stream of events cut', run: eventsCut },
  { number: 22, part: 'dockerd', fault: 'stream of events silent', run: eventsSilent },
  { number: 23, part: 'dockerd', fault: '500 on create', run: createFails },
  { number: 24, part: 'dockerd', fault: 'truncated JSON', run: truncatedJson },
  { number: 25, part: 'dockerd', fault: '20 s a call', run: slowEngine },
  { number: 27, part: 'dockerd', fault: 'container removed by hand', run: removedByHand },
  { number: 28, part: 'dockerd', fault: 'container changed by hand', run: changedByHand },
  { number: 29, part: 'dockerd', fault: 'crash loop', run: crashLoop },
];
