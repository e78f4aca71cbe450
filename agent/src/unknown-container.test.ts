import { DriftMode, HealthState, SyncState } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bundleOf, FakeHost, shop, type Written } from './host.fake.ts';
import type { Desired } from './plan/desired.ts';
import type { Assessment } from './reconciler.ts';

/** Longer than a look waits for one answer. */
const PATIENCE_MS = 6_000;
const SHOP: Written = {
  services: {
    db: {},
    web: { dependsOn: [{ service: 'db' }] },
    proxy: { spec: { networkMode: 'service:web', networks: [] }, dependsOn: [{ service: 'web' }] },
    cache: {},
  },
};

/** `shop`, of whose containers one will be silent, and `blog` beside it. */
function fleet(written: Written = SHOP): Desired {
  const desired = shop(written);
  const bundle = bundleOf('blog', { services: { app: {} } });
  const blog = shop({}, { stack: 'blog', bundle, bundleObject: 'sha256:blog' });
  return { ...desired, stacks: [...blog.stacks, ...desired.stacks] };
}

let host: FakeHost;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  host = new FakeHost();
  await host.settle(fleet());
  host.engine.changed.length = 0;
  host.events.length = 0;
});

afterEach(() => void vi.useRealTimers());

/** One pass that waits for an answer which does not come. */
async function waits(desired: Desired = fleet()): Promise<Assessment> {
  const passed = host.pass(desired);
  await vi.advanceTimersByTimeAsync(PATIENCE_MS);
  return await passed;
}

function stackOf({ stacks }: Assessment, name: string) {
  const found = stacks.find(({ stack }) => stack === name);
  if (found === undefined) throw new Error(`no stack ${name}`);
  return found;
}

describe('a container about which the engine says nothing', () => {
  test('makes its own stack unknown, with its name and a code, and no other', async () => {
    host.engine.silence('shop-db-1');
    const passed = await waits();
    expect(stackOf(passed, 'shop')).toMatchObject({
      sync: SyncState.SYNC_STATE_UNKNOWN,
      health: HealthState.HEALTH_STATE_UNKNOWN,
      reason: expect.stringMatching(/^CONTAINER_UNKNOWN: .*shop-db-1/),
      problem: { code: 'CONTAINER_UNKNOWN', hint: expect.stringContaining('docker inspect shop-db-1') },
      drift: [],
    });
    expect(stackOf(passed, 'shop').services.find(({ service }) => service === 'db')).toMatchObject({
      ready: 0,
      health: HealthState.HEALTH_STATE_UNKNOWN,
      containers: [{ name: 'shop-db-1', status: 'unknown' }],
    });
    expect(stackOf(passed, 'blog')).toMatchObject({ sync: SyncState.SYNC_STATE_SYNCED, reason: '' });
    expect(passed.settled).toBe(false);
    expect(host.engine.changed).toEqual([]);
  });

  test('holds up neither other stacks nor what does not rely on it', async () => {
    host.engine.silence('shop-db-1');
    for (const name of ['blog-app-1', 'shop-cache-1']) await host.engine.removeContainer(name);
    host.engine.changed.length = 0;
    const passed = await waits();
    const made = ['blog-app-1', 'shop-cache-1'].flatMap((name) => [
      `create container ${name}`,
      `start container ${name}`,
    ]);
    expect(host.engine.changed.toSorted()).toEqual(made.toSorted());
    expect(stackOf(passed, 'blog').sync).toBe(SyncState.SYNC_STATE_SYNCED);
  });

  test('is left alone, with all that depends on it or shares its namespaces, whatever Git says now', async () => {
    host.engine.silence('shop-db-1');
    await host.engine.stopContainer('shop-web-1');
    host.engine.changed.length = 0;
    const { web = {}, proxy = {} } = SHOP.services ?? {};
    const changed = { services: { db: { spec: { user: '7' } }, web: { ...web, spec: { user: '7' } }, proxy } };
    const passed = await waits(fleet(changed));
    expect(host.engine.changed).toEqual([]);
    // The cache is gone from Git; what is removed may be needed by what is not known.
    expect(stackOf(passed, 'shop').sync).toBe(SyncState.SYNC_STATE_UNKNOWN);
    host.engine.answer('shop-db-1');
    await host.settle(fleet(changed));
    expect(host.engine.changed).toContain('destroy container shop-cache-1');
    expect(host.engine.changed).toContainEqual(expect.stringMatching(/^create container shop-db-1-new-/));
  });

  test('is waited for once: later looks go on at once', async () => {
    host.engine.silence('shop-db-1');
    await waits();
    // No time goes by here.
    for (let looks = 0; looks < 5; looks += 1)
      expect(stackOf(await host.pass(fleet()), 'shop').sync).toBe(SyncState.SYNC_STATE_UNKNOWN);
    expect(host.engine.asked('shop-db-1')).toBeLessThanOrEqual(10);
  });

  test('is known again as soon as the engine answers, which its changes tell, and nothing was lost', async () => {
    const stop = new AbortController();
    const told: string[] = [];
    const following = (async () => {
      for await (const burst of host.engine.changes('none=none', stop.signal))
        told.push(...burst.map(({ action }) => action));
    })();
    host.engine.silence('shop-db-1');
    await waits();
    host.engine.answer('shop-db-1');
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual(['answers']);
    const known = await host.pass(fleet());
    expect(known.settled).toBe(true);
    expect(stackOf(known, 'shop')).toMatchObject({ sync: SyncState.SYNC_STATE_SYNCED, problem: undefined, drift: [] });
    expect(host.engine.changed).toEqual([]);
    stop.abort();
    await following;
  });

  test('keeps its receipt: what was done to it meanwhile is found and put right', async () => {
    host.engine.silence('shop-db-1');
    await waits();
    await host.engine.updateContainer('shop-db-1', { ShmSize: 4096 });
    await waits();
    host.engine.answer('shop-db-1');
    await vi.advanceTimersByTimeAsync(0);
    await host.settle(fleet());
    expect(host.events).toContainEqual(
      expect.stringMatching(/^drift.found: shop-db-1 differs in services.db.shm_size/),
    );
    expect(host.events).toContainEqual(expect.stringMatching(/^container.replaced: replace container shop-db-1/));
  });

  test('is not told to be as Git says again only because nobody sees its drift any more', async () => {
    await host.engine.updateContainer('shop-db-1', { CpuShares: 7 });
    const report = {
      ...fleet(),
      stacks: fleet().stacks.map((stack) => ({ ...stack, driftMode: DriftMode.DRIFT_MODE_REPORT })),
    };
    await host.pass(report);
    expect(host.events.filter((event) => event.startsWith('drift.'))).toHaveLength(1);
    host.engine.silence('shop-db-1');
    await waits(report);
    expect(host.events.filter((event) => event.startsWith('drift.corrected'))).toEqual([]);
  });

  test('keeps its stack from counting as removed', async () => {
    host.engine.silence('shop-db-1');
    const removal = { ...fleet(), stacks: fleet().stacks.slice(0, 1), removals: ['shop'] };
    await waits(removal);
    const passed = await host.pass(removal);
    expect(passed.removedStacks).toEqual([]);
    expect(stackOf(passed, 'shop').sync).toBe(SyncState.SYNC_STATE_UNKNOWN);
    host.engine.answer('shop-db-1');
    expect((await host.settle(removal)).removedStacks).toEqual(['shop']);
  });

  test('has a plan say so instead of leaving it out', async () => {
    host.engine.silence('shop-db-1');
    await waits();
    await expect(host.answers.plan({ stacks: fleet().stacks, removals: [] })).rejects.toMatchObject({
      code: 'CONTAINER_UNKNOWN',
    });
    await expect(host.answers.explain('shop', 'db')).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' });
    expect(JSON.parse(await host.answers.explain('blog', 'app'))).toMatchObject({ verdict: 'synced' });
  });
});

describe('a container about which the engine tells an error', () => {
  test('is unknown too, asked again with pauses, and known when it is told of again', async () => {
    host.engine.failAbout('shop-db-1', 'layer does not exist');
    const passed = await host.pass(fleet());
    expect(stackOf(passed, 'shop')).toMatchObject({
      sync: SyncState.SYNC_STATE_UNKNOWN,
      reason: expect.stringMatching(/^CONTAINER_UNKNOWN: .*shop-db-1.*layer does not exist/),
    });
    expect(passed.wakeAtMs).toBeGreaterThan(passed.observedAtMs);
    const before = host.engine.asked('shop-db-1');
    for (let looks = 0; looks < 100; looks += 1) await host.pass(fleet());
    expect(host.engine.asked('shop-db-1') - before).toBeLessThan(20);
    host.engine.answer('shop-db-1');
    await vi.advanceTimersByTimeAsync(60_000);
    await host.pass(fleet());
    expect(stackOf(await host.pass(fleet()), 'shop').sync).toBe(SyncState.SYNC_STATE_SYNCED);
  });
});

describe('an image about which the engine tells an error', () => {
  test('makes what runs from it unknown, and nothing else', async () => {
    const other = bundleOf('blog', { services: { app: { spec: { image: 'app:2' } } } });
    const two = {
      ...fleet(),
      stacks: [...shop({}, { stack: 'blog', bundle: other }).stacks, ...fleet().stacks.slice(1)],
    };
    await host.settle(two);
    host.restartAgent();
    host.engine.failAboutImage('app:2', 'layer does not exist');
    const passed = await host.pass(two);
    expect(stackOf(passed, 'shop').sync).toBe(SyncState.SYNC_STATE_SYNCED);
    expect(stackOf(passed, 'blog')).toMatchObject({
      sync: SyncState.SYNC_STATE_UNKNOWN,
      reason: expect.stringMatching(/^CONTAINER_UNKNOWN: .*blog-app-1.*layer does not exist/),
    });
    host.engine.failAboutImage('app:2', '');
    expect(stackOf(await host.pass(two), 'blog').sync).toBe(SyncState.SYNC_STATE_SYNCED);
  });
});
