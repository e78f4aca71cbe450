import { dirname, join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import type { TestHost } from '../../support/fleet.ts';
import type { EngineFault } from '../engine-fault.ts';
import { damage, imageSource, refusingRegistry } from '../image-source.ts';
import { Line } from '../line.ts';
import { must, type Row } from '../row.ts';
import { SmallDisk } from '../small-disk.ts';
import { APP, ASIDE, CALM, REGISTRY_PORT, type Stage } from '../stage.ts';

const MIB = 1024 * 1024;
/** More than is left on the disk that is full, in bytes. */
const LARGE_BYTES = 24 * MIB;
const LEFT_BYTES = 8 * MIB;
/** What an engine, its images and its containers take here is some ten. */
const DISK_MIB = 96;
/** Large enough to be stalled in its middle. */
const LAYER_BYTES = 2 * MIB;
/** Bytes a second on the line to the registry: some seconds for the layer. */
const SLOW_BYTES = 256 * 1024;
/** Tries of a registry that is down that are looked at. */
const TRIES = 5;
/** What an agent waits at least after its first failure, in milliseconds; twice that after each one more. */
const FIRST_WAIT_MS = 1000;
/** A call may be noticed as much later than the next one. */
const LATE_MS = 100;
/** Seconds of silence after which a pull is given up here; elsewhere it is 300. */
const SILENCE_SECONDS = 15;
/** Seconds for which the registry asks to be left alone. */
const ASKED_SECONDS = 20;
/** One pull asks several times within moments. */
const SAME_TRY_MS = 5_000;

/** Every pull is counted, and none is changed. */
const COUNTED_PULLS: EngineFault = { calls: /^POST \/images\/create$/, does: { slowMs: 0 } };

interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Until the hub says of the stack on web-1 that it failed for that reason. */
function told(stage: Stage, code: string): Promise<Told> {
  return eventually(
    `${code} is told of shop on web-1`,
    async () => {
      const { stacks } = await stage.fleet.json('host', stage.web1.name);
      const shop = stacks.find(({ stack }: { stack: string }) => stack === 'shop');
      must(shop?.sync === 'Failed' && shop.problem?.code === code, JSON.stringify(shop?.problem ?? shop?.sync));
      must(shop.problem.hint !== '', 'there is no hint');
      return shop.problem;
    },
    TOLD_DEADLINE_MS,
  );
}

/** A pull of a busy registry by a busy engine, some times. */
const TOLD_DEADLINE_MS = 240_000;

/** What runs of `app`, and since when. */
async function life({ engine }: TestHost): Promise<string> {
  const { Id, State } = await engine.docker.getContainer(APP).inspect();
  must(State.Running, `${APP} does not run`);
  return `${Id} ${State.StartedAt}`;
}

/** While `fail` brings about a failure, the container of before runs on untouched; a stack beside it is healed. */
async function runsOn<T>(stage: Stage, fail: () => Promise<T>): Promise<T> {
  const before = await life(stage.web1);
  const result = await fail();
  must((await life(stage.web1)) === before, 'the container of before is another, or was started again');
  await stage.heals(stage.web1, ASIDE);
  must((await life(stage.web1)) === before, 'the container of before is another, or was started again');
  return result;
}

/** Back to the image that every host has; the one that was sold goes. */
async function plainAgain(stage: Stage, image: string): Promise<void> {
  await stage.arrived(stage.commit());
  for (const { engine } of stage.fleet.hosts) {
    const [held] = await engine.docker.listImages({ filters: { reference: [image] } });
    if (held !== undefined) await engine.docker.getImage(image).remove({ force: true });
  }
}

async function dataRootFull(stage: Stage) {
  const { web1 } = stage;
  const { image } = await imageSource(stage, LARGE_BYTES);
  await web1.engine.stop();
  const disk = await SmallDisk.under(join(dirname(web1.engine.socket), 'data'), { kind: 'tmpfs', mib: DISK_MIB });
  stage.after(async () => {
    await web1.engine.stop();
    await disk.close();
    await web1.engine.start();
  });
  await web1.engine.start();
  await stage.well();
  await disk.fill(LEFT_BYTES);
  const { commit, problem } = await runsOn(stage, async () => ({
    commit: stage.commit({ image }),
    problem: await told(stage, 'DISK_FULL'),
  }));
  disk.empty();
  await stage.arrived(commit);
  await plainAgain(stage, image);
  return {
    injected: `${LEFT_BYTES / MIB} MiB left for an image of ${LARGE_BYTES / MIB}`,
    observed: `DISK_FULL: ${problem.message.slice(0, 100)}; the old container ran on, the other stack was healed; pulled once there was room`,
  };
}

async function imageDeleted(stage: Stage) {
  const { web1 } = stage;
  const { docker } = web1.engine;
  const { image, registry } = await imageSource(stage, MIB);
  await stage.arrived(stage.commit({ image }));
  const calm = (await docker.getContainer(CALM).inspect()).Id;
  const proxy = stage.engine(web1);
  stage.after(() => proxy.set(undefined));
  proxy.set(COUNTED_PULLS);
  await registry.stop();
  await docker.getImage(image).remove({ force: true });
  await stage.removeByHand(web1, APP);
  const problem = await told(stage, 'IMAGE_PULL_FAILED');
  await registry.start();
  await stage.running(web1, APP);
  must(proxy.hits >= 2, `${proxy.hits} pulls`);
  must((await docker.getContainer(CALM).inspect()).Id === calm, 'another container was touched');
  await plainAgain(stage, image);
  return {
    injected: 'docker rmi -f of the image, then its container is removed; the registry is down at first',
    observed: `${problem.message.slice(0, 100)}; others run on; pulled again and made once the registry is up`,
  };
}

async function registryDown(stage: Stage) {
  const { web1 } = stage;
  const { image, registry } = await imageSource(stage, MIB);
  await registry.stop();
  const proxy = stage.engine(web1);
  stage.after(() => proxy.set(undefined));
  proxy.set(COUNTED_PULLS);
  const { commit, tries } = await runsOn(stage, async () => {
    const made = stage.commit({ image });
    await told(stage, 'IMAGE_PULL_FAILED');
    await eventually(`${TRIES} pulls`, () => must(proxy.hits >= TRIES, `${proxy.hits}`));
    return { commit: made, tries: proxy.hitAtMs.slice(0, TRIES) };
  });
  const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
  for (const [index, wait] of waits.entries())
    must(wait >= FIRST_WAIT_MS * 2 ** index - LATE_MS, `wait ${index + 1} was ${wait} ms: ${waits.join(', ')}`);
  await registry.start();
  await stage.arrived(commit);
  await plainAgain(stage, image);
  const seconds = waits.map((wait) => (wait / 1000).toFixed(1));
  return {
    injected: `the registry is stopped; ${TRIES} pulls`,
    observed: `IMAGE_PULL_FAILED, the old container ran on; ${seconds.join(', ')} s between tries; pulled by itself once it was up`,
  };
}

async function stallsInLayer(stage: Stage) {
  const { web1, fleet } = stage;
  const { image } = await imageSource(stage, LAYER_BYTES);
  const line = await Line.lay({
    hubNamespace: fleet.network.hub,
    device: `to-h${fleet.hosts.indexOf(web1)}`,
    port: REGISTRY_PORT,
    seed: 1,
  });
  stage.after(() => line.close());
  stage.usualAgentAfter(web1);
  await stage.restartAgent(web1, {}, '--pull-silence', `${SILENCE_SECONDS}s`);
  await stage.logged(web1, /connected to the hub/);
  await line.set({ dripBytesPerSecond: SLOW_BYTES });
  const result = await runsOn(stage, async () => {
    const commit = stage.commit({ image });
    await eventually('a part of the layer has come', async () => {
      const { dripped } = await line.counts();
      must(dripped > LAYER_BYTES / 4, `${dripped} bytes`);
    });
    const began = performance.now();
    const { dripped } = await line.set({ halfOpen: true });
    must(dripped < LAYER_BYTES, 'the layer had come already');
    const problem = await told(stage, 'IMAGE_PULL_STALLED');
    return { commit, problem, dripped, toldMs: performance.now() - began };
  });
  must(result.toldMs >= SILENCE_SECONDS * 1000 - SAME_TRY_MS, `given up after ${result.toldMs} ms already`);
  const { swallowed } = await line.counts();
  must(swallowed > 0, 'nothing was swallowed');
  await line.set({});
  await stage.arrived(result.commit);
  await plainAgain(stage, image);
  return {
    injected: `after ${result.dripped} bytes of a layer of ${LAYER_BYTES} nothing more, no end, no reset; ${swallowed} swallowed`,
    observed: `${result.problem.message.slice(0, 120)} (told after ${(result.toldMs / 1000).toFixed(0)} s; --pull-silence is ${SILENCE_SECONDS} s here, 300 s elsewhere); the old container ran on; pulled once it went on`,
  };
}

async function refused(stage: Stage) {
  const registry = await refusingRegistry(stage, ASKED_SECONDS);
  const codes = {
    401: 'IMAGE_LOGIN_MISSING',
    403: 'IMAGE_PULL_DENIED',
    404: 'IMAGE_NOT_FOUND',
    429: 'IMAGE_PULL_LIMITED',
  };
  await runsOn(stage, async () => {
    for (const [status, code] of Object.entries(codes)) {
      stage.commit({ image: registry.imageOf(Number(status)) });
      await told(stage, code);
      must(registry.refusals(Number(status)).length > 0, `nobody was answered with ${status}`);
    }
  });
  const waitedMs = await eventually('it is asked again', () => {
    const asked = registry.refusals(429);
    const again = asked.find((at, index) => at - (asked[index - 1] ?? at) > SAME_TRY_MS);
    must(again !== undefined, asked.join());
    return again - (asked[asked.indexOf(again) - 1] ?? 0);
  });
  must(waitedMs >= ASKED_SECONDS * 1000, `asked again after ${waitedMs} ms`);
  await stage.arrived(stage.commit());
  return {
    injected: `answers ${Object.keys(codes).join(', ')} of a registry`,
    observed: `${Object.values(codes).join(', ')}; the old container ran on; 429 asks for ${ASKED_SECONDS} s, asked again after ${(waitedMs / 1000).toFixed(1)} s`,
  };
}

async function wrongContent(stage: Stage) {
  const { image, layer } = await imageSource(stage, MIB);
  damage(layer);
  const { commit, problem } = await runsOn(stage, async () => ({
    commit: stage.commit({ image }),
    problem: await told(stage, 'IMAGE_DIGEST_MISMATCH'),
  }));
  damage(layer);
  await stage.arrived(commit);
  await plainAgain(stage, image);
  return {
    injected: 'one bit of a layer is another in the store of the registry',
    observed: `${problem.message.slice(0, 140)}; the old container ran on; pulled once the bit was right`,
  };
}

export const IMAGE_ROWS: readonly Row[] = [
  { number: 26, part: 'dockerd', fault: 'data-root full', run: dataRootFull },
  { number: 30, part: 'dockerd', fault: 'image deleted', run: imageDeleted },
  { number: 31, part: 'registry', fault: 'down', run: registryDown },
  { number: 32, part: 'registry', fault: 'stalls in a layer', run: stallsInLayer },
  { number: 33, part: 'registry', fault: '401, 403, 404, 429', run: refused },
  { number: 34, part: 'registry', fault: 'wrong content', run: wrongContent },
];
