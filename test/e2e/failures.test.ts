import { randomBytes } from 'node:crypto';
import { mkdirSync, readlinkSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assessment } from '@mooring/agent';
import { type Bundle, ContainerSpec, DependencyCondition, Network, Service, SyncState } from '@mooring/proto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { importImage } from '../support/images.ts';
import { HUB_ADDRESS } from '../support/network.ts';
import { Program } from '../support/program.ts';
import { Registry } from '../support/registry.ts';
import { run } from '../support/run.ts';
import type { EngineEvent } from '../support/witness.ts';
import { driftLines, startWorkbench, type Workbench } from '../support/workbench.ts';

/** Within which the old container must be back after the verdict, in milliseconds. */
const BACK_WITHIN_MS = 10_000;
/** Milliseconds that one look waits for one answer. */
const ONE_WAIT_MS = 5_000;
const PORT = 18_080;
const OLD = ['shop-app-1', 'shop-front-1'];

let bench: Workbench;

beforeAll(async () => {
  bench = await startWorkbench('28');
});

afterAll(async () => {
  await bench?.close();
});

const spec = (extra: object) =>
  ContainerSpec.fromJSON({
    image: 'local/plain:1',
    stopTimeoutSeconds: 0,
    healthcheck: { test: ['CMD', 'true'], intervalNanos: '200000000', timeoutNanos: '10000000000', retries: 2 },
    networks: [{ network: 'default' }],
    ...extra,
  });

/** `front` depends on `app`. */
const shop = (app: object = {}, front: object = {}) =>
  bundleOf('shop', {
    services: [
      Service.fromPartial({ name: 'app', container: spec(app) }),
      Service.fromPartial({
        name: 'front',
        container: spec(front),
        dependsOn: [
          { service: 'app', condition: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY, required: true },
        ],
      }),
    ],
    networks: [Network.fromPartial({ key: 'default', name: 'shop_default' })],
  });

const PUBLISHED = { ports: [{ containerPort: 80, protocol: 'tcp', hostPort: String(PORT), published: true }] };
const FAILING = { test: ['CMD', 'false'], intervalNanos: '200000000', timeoutNanos: '10000000000', retries: 2 };
const good = shop();

/** Ids and start times of what serves. */
async function serving(): Promise<Record<string, string>> {
  const { docker } = bench.engine;
  const all = await docker.listContainers({ all: true, filters: { label: ['com.docker.compose.project=shop'] } });
  const inspected = await Promise.all(all.map(({ Id }) => docker.getContainer(Id).inspect()));
  expect(inspected.map(({ Name }) => Name.slice(1)).sort()).toEqual(OLD);
  expect(inspected.map(({ State }) => State.Running)).toEqual([true, true]);
  return Object.fromEntries(inspected.map(({ Name, Id, State }) => [Name.slice(1), `${Id} ${State.StartedAt}`]));
}

/** One try of a change that cannot come to anything. */
async function refused(bundle: Bundle, code: string): Promise<{ events: readonly EngineEvent[]; told: string[] }> {
  const since = Date.now();
  const before = bench.events.length;
  expectFailed(await bench.pass(desiredOf([bundle])), code);
  return { events: await bench.witness.eventsSince(since), told: bench.events.slice(before) };
}

function expectFailed({ stacks }: Assessment, code: string): void {
  expect(stacks, stacks[0]?.problem?.message).toMatchObject([
    { stack: 'shop', sync: SyncState.SYNC_STATE_FAILED, problem: { code } },
  ]);
  expect(stacks[0]?.reason).toContain(code);
}

/** The next commit is applied at once, whatever the one before waits for. */
async function mended(): Promise<void> {
  const next = await bench.settle(desiredOf([shop({ environment: [{ name: 'NEXT', value: String(Date.now()) }] })]));
  expect(driftLines(next)).toEqual([]);
  expect(next.stacks).toMatchObject([{ sync: SyncState.SYNC_STATE_SYNCED, problem: undefined }]);
  await serving();
}

beforeEach(async () => {
  expect((await bench.settle(desiredOf([good]))).stacks[0]?.problem).toBeUndefined();
});

describe('a change that fails before anything is touched leaves everything running, and the next commit mends it', () => {
  test('port taken by a foreign container', async () => {
    const { docker } = bench.engine;
    const foreign = await docker.createContainer({
      name: 'foreign',
      Image: 'local/plain:1',
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostPort: String(PORT) }] } },
    });
    await foreign.start();
    try {
      const before = await serving();
      const { told } = await refused(shop(PUBLISHED), 'PORT_TAKEN');
      expect(told.join('\n')).toContain('container foreign holds it');
      expect(await serving()).toEqual(before);
      await mended();
      expect((await foreign.inspect()).State.Running).toBe(true);
    } finally {
      await foreign.remove({ force: true });
    }
  });

  test('port taken by a process of the host', async () => {
    const holder = await holdPort();
    try {
      const before = await serving();
      // The agent's own look at the host's ports counts where the agent is: beside the engine.
      const since = Date.now();
      const ended = await bench.settleApart([shop(PUBLISHED)], { BENCH_PASSES: '1' });
      expect(ended.stdout).toMatch(
        /apply\.failed: .*port 18080\/tcp of the host is taken: a process of the host holds it/,
      );
      expect(ended.stdout).not.toContain('container.restored');
      expect(actions(await bench.witness.eventsSince(since), 'shop-app-1')).toEqual([]);
      expect(await serving()).toEqual(before);
    } finally {
      await holder.kill();
    }
    await mended();
  });
});

describe('a change that fails once the new container was started brings the old one back, and the next commit mends it', () => {
  test('port taken by a process of the host after the check', async () => {
    const holder = await holdPort();
    try {
      // The bench's agent looks at the ports of another network: only the engine sees that this one is taken.
      const { told, events } = await refused(shop(PUBLISHED), 'PORT_TAKEN');
      expectBack({ told, events });
      await serving();
    } finally {
      await holder.kill();
    }
    await mended();
  });

  test('container exits at once', async () => {
    const result = await refused(shop({ command: { values: ['sh', '-c', 'exit 3'] } }), 'CONTAINER_EXITED');
    expectBack(result);
    await serving();
    await mended();
  });

  test('never becomes healthy', async () => {
    const result = await refused(shop({ healthcheck: FAILING }), 'CONTAINER_UNHEALTHY');
    const unhealthy = result.events.find(({ action }) => action === 'health_status: unhealthy');
    expectBack(result, unhealthy?.atMs);
    await serving();
    await mended();
  });

  test('dependency fails: who depends on it is never stopped', async () => {
    const before = await serving();
    const change = { environment: [{ name: 'FRONT', value: 'new' }] };
    const result = await refused(shop({ healthcheck: FAILING }, change), 'CONTAINER_UNHEALTHY');
    expectBack(result);
    expect((await serving())['shop-front-1']).toBe(before['shop-front-1']);
    await mended();
  });
});

describe('services of a stack that hang together', () => {
  const STARTED = DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED;
  const COMPLETED = DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY;
  const sh = (script: string) => ({ command: { values: ['sh', '-c', script] } });
  const inspect = (name: string) => bench.engine.docker.getContainer(name).inspect();

  /** A stack of its own, which is gone afterwards. */
  const together = (services: readonly Service[]) =>
    desiredOf([
      bundleOf('together', {
        services,
        networks: [Network.fromPartial({ key: 'default', name: 'together_default' })],
      }),
    ]);

  afterEach(async () => {
    await bench.settle({ ...desiredOf([]), removals: ['together'] });
  });

  /** In the network of `app`. */
  const pair = (value: string, guest: object = {}) =>
    together([
      Service.fromPartial({ name: 'app', container: spec({ environment: [{ name: 'VERSION', value }] }) }),
      Service.fromPartial({
        name: 'guest',
        container: spec({ networkMode: 'service:app', networks: [], ...guest }),
        dependsOn: [{ service: 'app', condition: STARTED, required: true }],
      }),
    ]);
  const both = () => Promise.all(['together-app-1', 'together-guest-1'].map(inspect));
  /** What the kernel says of both: one network, or two. */
  const networks = async () =>
    new Set((await both()).map(({ State }) => readlinkSync(`/proc/${State.Pid}/ns/net`))).size;

  test('a guest in the network of another fails: both are back, in one network', async () => {
    expect((await bench.settle(pair('1'))).stacks[0]?.problem).toBeUndefined();
    const before = await both();
    const failed = await bench.pass(pair('2', sh('exit 3')));
    expect(failed.stacks).toMatchObject([{ problem: { code: 'CONTAINER_EXITED' } }]);
    const after = await both();
    expect(after.map(({ Id }) => Id)).toEqual(before.map(({ Id }) => Id));
    expect(after.map(({ State }) => State.Running)).toEqual([true, true]);
    expect(await networks()).toBe(1);
    const next = await bench.settle(pair('3'));
    expect([driftLines(next), next.stacks[0]?.problem]).toEqual([[], undefined]);
    expect((await inspect('together-app-1')).Config.Env).toContain('VERSION=3');
  });

  test('a human starts the one again that another is in the network of: that one follows', async () => {
    await bench.settle(pair('1'));
    await bench.engine.docker.getContainer('together-app-1').restart({ t: 0 });
    expect(await networks()).toBe(2);
    expect(driftLines(await bench.settle(pair('1')))).toEqual([]);
    expect(await networks()).toBe(1);
  });

  test('a one-shot that another waits for fails: that one never starts, until the next commit', async () => {
    const jobs = (script: string) =>
      together([
        Service.fromPartial({
          name: 'app',
          container: spec({}),
          dependsOn: [{ service: 'job', condition: COMPLETED, required: true }],
        }),
        Service.fromPartial({ name: 'job', container: spec({ healthcheck: undefined, ...sh(script) }) }),
      ]);
    const failed = await bench.pass(jobs('exit 3'));
    expect(failed.stacks).toMatchObject([
      { sync: SyncState.SYNC_STATE_FAILED, problem: { code: 'DEPENDENCY_FAILED' } },
    ]);
    expect(failed.stacks[0]?.reason).toContain('it exited with 3');
    await expect(inspect('together-app-1')).rejects.toMatchObject({ statusCode: 404 });
    const next = await bench.settle(jobs('exit 0'));
    expect([driftLines(next), next.stacks[0]?.problem]).toEqual([[], undefined]);
    expect((await inspect('together-app-1')).State.Running).toBe(true);
  });
});

describe('a container about which the engine says nothing', () => {
  test('makes its stack unknown and holds up no other; it is known again once the engine answers', async () => {
    const { docker, socket } = bench.engine;
    const blog = bundleOf('blog', {
      services: [Service.fromPartial({ name: 'web', container: spec({}) })],
      networks: [Network.fromPartial({ key: 'default', name: 'blog_default' })],
    });
    const desired = desiredOf([blog, good]);
    const proxy = await startEngineProxy({ socket: `${socket}.proxy`, engine: socket });
    try {
      await bench.restartAgent(proxy.socket);
      await bench.settle(desired);
      const before = await serving();
      const { Id } = await docker.getContainer('shop-app-1').inspect();
      proxy.swallow(`/containers/${Id}/json`);
      await docker.getContainer('blog-web-1').remove({ force: true });
      const since = Date.now();
      const first = await bench.pass(desired);
      expect(first.stacks, first.stacks[0]?.reason).toMatchObject([
        { stack: 'blog', sync: SyncState.SYNC_STATE_SYNCED },
        { stack: 'shop', sync: SyncState.SYNC_STATE_UNKNOWN, problem: { code: 'CONTAINER_UNKNOWN' } },
      ]);
      expect(first.stacks[1]?.reason).toMatch(/^CONTAINER_UNKNOWN: .*shop-app-1/);
      expect((await docker.getContainer('blog-web-1').inspect()).State.Running).toBe(true);
      // It is waited for once: later looks do not wait for it.
      const again = performance.now();
      await bench.pass(desired);
      expect(performance.now() - again).toBeLessThan(ONE_WAIT_MS);
      const events = await bench.witness.eventsSince(since);
      expect(OLD.flatMap((name) => actions(events, name))).toEqual([]);
      proxy.release();
      await eventually('the stack is known again', async () => {
        const { stacks } = await bench.pass(desired);
        expect(stacks.map(({ sync }) => sync)).toEqual([SyncState.SYNC_STATE_SYNCED, SyncState.SYNC_STATE_SYNCED]);
      });
      expect(await serving()).toEqual(before);
    } finally {
      await bench.restartAgent();
      await proxy.close();
      await bench.settle({ ...desiredOf([good]), removals: ['blog'] });
    }
  });
});

describe('a disk that is full while an image is pulled', () => {
  const REGISTRY_PORT = 5000;
  const MIB = 1024 * 1024;
  let small: Workbench;
  let registry: Registry;
  let data = '';

  beforeAll(async () => {
    small = await startWorkbench('28', {
      insecureRegistries: [`${HUB_ADDRESS}:${REGISTRY_PORT}`],
      prepare: async (engineFolder) => {
        data = join(engineFolder, 'data');
        mkdirSync(data);
        await run('mount', ['-t', 'tmpfs', '-o', 'size=192m', 'tmpfs', data]);
      },
    });
    registry = new Registry({
      folder: join(small.folder.path, 'registry'),
      network: small.network,
      port: REGISTRY_PORT,
    });
    await registry.start();
    const tar = join(small.folder.path, 'rootfs.tar');
    writeFileSync(join(small.folder.path, 'large'), randomBytes(24 * MIB));
    await run('tar', ['-C', small.folder.path, '-rf', tar, 'large']);
    const { socket, docker } = small.engine;
    await importImage(socket, tar, {
      repo: 'local/large',
      tag: '1',
      changes: ['ENV PATH=/bin', 'CMD ["sleep","3600"]'],
    });
    await registry.push(docker, 'local/large:1', ['large', '1']);
    await docker.getImage('local/large:1').remove();
  });

  afterAll(async () => {
    await registry?.stop();
    await small?.close();
  });

  test('is told as such, the old containers run on, and the change comes once there is room', async () => {
    const { docker } = small.engine;
    await small.settle(desiredOf([good]));
    const started = async () => (await docker.getContainer('shop-app-1').inspect()).State.StartedAt;
    const before = await started();
    const filler = join(data, 'filler');
    const { bavail, bsize } = statfsSync(data);
    await run('fallocate', ['-l', String(bavail * bsize - 8 * MIB), filler]);
    const change = shop({ image: `${registry.name}/large:1` });
    expectFailed(await small.pass(desiredOf([change])), 'DISK_FULL');
    expect(await started()).toBe(before);
    rmSync(filler);
    const assessment = await small.settle(desiredOf([shop({ image: `${registry.name}/large:1`, hostname: 'next' })]));
    expect(assessment.stacks).toMatchObject([{ sync: SyncState.SYNC_STATE_SYNCED, problem: undefined }]);
    expect((await docker.getContainer('shop-app-1').inspect()).Config.Image).toBe(`${registry.name}/large:1`);
  });
});

/** The old container started again within 10 s of the verdict; by default the verdict is the end of the new one, or the end of the old. */
function expectBack(
  { told, events }: { told: readonly string[]; events: readonly EngineEvent[] },
  verdictAtMs?: number,
): void {
  const own = events.filter(({ type }) => type === 'container');
  const back = own.findLast(({ action, name }) => action === 'start' && name === 'shop-app-1');
  const stopped = own.find(({ action }) => action === 'die');
  if (back === undefined || stopped === undefined)
    throw new Error(`it was never stopped or is not back: ${JSON.stringify(own)}`);
  expect(back.atMs - (verdictAtMs ?? stopped.atMs)).toBeGreaterThan(0);
  expect(back.atMs - (verdictAtMs ?? stopped.atMs)).toBeLessThan(BACK_WITHIN_MS);
  const restored = told.find((event) => event.startsWith('container.restored'));
  const seconds = Number(/the old container shop-app-1 is back after ([\d.]+) s without it/.exec(restored ?? '')?.[1]);
  const reallyMs = back.atMs - stopped.atMs;
  // What the event says is what the engine saw, apart from how long its answers took.
  expect(seconds * 1000, restored).toBeGreaterThanOrEqual(reallyMs - 100);
  expect(seconds * 1000, restored).toBeLessThan(reallyMs + 5000);
}

function actions(events: readonly EngineEvent[], container: string): string[] {
  return events
    .filter(({ name, action }) => name === container && !/^(?:exec_|health)/.test(action))
    .map(({ action }) => action);
}

/** A process of the engine's host that listens on the port. */
async function holdPort(): Promise<Program> {
  const script = `require('node:net').createServer().listen(${PORT}, '0.0.0.0', () => console.log('listens'))`;
  const holder = new Program({
    namespace: bench.network.host(0).namespace,
    command: process.execPath,
    args: ['-e', script],
    log: join(bench.folder.path, 'holder.log'),
  });
  await eventually('the port is held', () => expect(holder.output).toContain('listens'));
  return holder;
}
