import { DependencyCondition, MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { driftLines, FakeHost, shop, type Written } from '../host.fake.ts';
import { attempt, Wire } from '../wire.fake.ts';

const COMPLETED = DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY;
const version = (value: string) => ({ environment: [{ name: 'VERSION', value }] });
const jobs = (image: string): Written => ({
  services: { app: { dependsOn: [{ service: 'job', condition: COMPLETED }] }, job: { spec: { image } } },
});

/** A host with images that end at once, with 0 and with 3. */
function hostWithJobs(wire = new Wire()): FakeHost {
  const host = new FakeHost(wire.through);
  for (const [image, exitCode] of [
    ['done:1', 0],
    ['fails:1', 3],
  ] as const) {
    host.engine.addImage(image, { Cmd: ['work'] });
    host.engine.endsAtOnce.set(image, exitCode);
  }
  return host;
}

const stateOf = async ({ engine }: FakeHost, name: string) => {
  const { id, status, exitCode, startedAtMs } = (await engine.inspectContainer(name)) ?? {};
  return { id, status, exitCode, startedAtMs };
};

describe('a one-shot that others wait for', () => {
  test('and that fails keeps them from starting: the stack says so until the next commit, which mends it', async () => {
    const host = hostWithJobs();
    expect(await attempt(host, shop(jobs('fails:1')))).toBe('DEPENDENCY_FAILED');
    const { reason, problem } = (await host.pass(shop(jobs('fails:1')))).stacks[0] ?? {};
    expect(problem?.message).toContain('Cannot start service app: service job is not ready');
    expect(reason).toContain('it exited with 3');
    const job = await stateOf(host, 'shop-job-1');
    host.engine.nowMs += 3_600_000;
    expect(await attempt(host, shop(jobs('fails:1')))).toBe('DEPENDENCY_FAILED');
    expect(await stateOf(host, 'shop-job-1')).toEqual(job);
    expect(host.engine.changed.filter((call) => call.includes('shop-app-1'))).toEqual([]);
    expect((await host.settle(shop(jobs('done:1')))).settled).toBe(true);
    expect(await stateOf(host, 'shop-app-1')).toMatchObject({ status: 'running' });
  });

  test('and that is not required is told of when it fails, and they start all the same', async () => {
    const host = hostWithJobs();
    const { services } = jobs('fails:1');
    const app = { dependsOn: [{ service: 'job', condition: COMPLETED, required: false }] };
    await host.pass(shop({ services: { ...services, app } }));
    expect(await stateOf(host, 'shop-app-1')).toMatchObject({ status: 'running' });
    expect(host.events.find((event) => event.startsWith('dependency.skipped'))).toMatch(
      /service job, which it would like, is not ready .*exited with 3/,
    );
  });

  test('and that is done is not run again where the one in its place fails', async () => {
    const host = hostWithJobs();
    await host.settle(shop(jobs('done:1')));
    const before = await stateOf(host, 'shop-job-1');
    expect(before).toMatchObject({ status: 'exited', exitCode: 0 });
    expect(await attempt(host, shop(jobs('fails:1')))).toBe('CONTAINER_EXITED');
    expect(await stateOf(host, 'shop-job-1')).toEqual(before);
  });
});

describe('what is stopped while steps are performed', () => {
  const written = (value: string): Written => ({ services: { app: { spec: { ...version(value) } }, calm: {} } });

  test('by a human is stopped by hand: a service that ends with 0 is no one-shot that is done', async () => {
    const host = new FakeHost();
    await host.settle(shop(written('1')));
    const calm = await host.id('shop-calm-1');
    const { engine } = host;
    const { createContainer } = engine;
    engine.createContainer = async (...args) => {
      engine.exit(calm, 0);
      host.hears(...['kill 15', 'die', 'stop'].map((action) => ({ container: calm, action })));
      return await createContainer.apply(engine, args);
    };
    await host.pass(shop(written('2')));
    expect(await host.sentences(shop(written('2')))).toEqual(['start container shop-calm-1: it is exited']);
    await host.settle(shop(written('2')));
    expect(await stateOf(host, 'shop-calm-1')).toMatchObject({ id: calm, status: 'running' });
  });

  test('by us is no one-shot that is done, whenever the agent dies', async () => {
    const wire = new Wire();
    const host = new FakeHost(wire.through);
    const network = (value: string): Written => ({
      services: { app: { spec: { networks: [{ network: 'back' }] } } },
      networks: [{ key: 'back', labels: [{ name: 'version', value }] }],
    });
    const onNetwork = (value: string) => shop(network(value));
    await host.settle(onNetwork('1'));
    const { engine } = host;
    const { stopContainer } = engine;
    engine.stopContainer = async (id) => {
      await stopContainer.call(engine, id);
      engine.exit(id, 0);
    };
    wire.cutAfter = engine.changed.length + 1;
    expect(await attempt(host, onNetwork('2'))).toBe('ENGINE_UNREACHABLE');
    expect(await stateOf(host, 'shop-app-1')).toMatchObject({ status: 'exited', exitCode: 0 });
    wire.cutAfter = Number.POSITIVE_INFINITY;
    host.restartAgent();
    expect((await host.settle(onNetwork('2'))).settled).toBe(true);
    expect(await stateOf(host, 'shop-app-1')).toMatchObject({ status: 'running' });
  });
});

describe('a change of several services', () => {
  /** One is made anew with its guest, one changes while it runs, one goes and another comes. */
  const mixed = (number: number): Written => ({
    services: {
      app: { spec: version(String(number)) },
      guest: { spec: { networkMode: 'service:app', networks: [] }, dependsOn: [{ service: 'app' }] },
      live: {
        containerName: `live-${number}`,
        spec: {
          memoryBytes: String(number * 64_000_000),
          networks: [{ network: 'default' }, { network: number === 1 ? 'back' : 'side' }],
        },
      },
      [`extra-${number}`]: {},
    },
    networks: [{ key: 'back' }, { key: 'side' }],
  });

  test('ends as Git says after a crash at any change of the engine, with nothing left over', async () => {
    const counted = new FakeHost();
    await counted.settle(shop(mixed(1)));
    const first = counted.engine.changed.length;
    await counted.settle(shop(mixed(2)));
    const changes = counted.engine.changed.length - first;
    expect(changes).toBeGreaterThan(15);
    for (let crash = 0; crash < changes; crash += 1) {
      const wire = new Wire();
      const host = new FakeHost(wire.through);
      await host.settle(shop(mixed(1)));
      wire.cutAfter = host.engine.changed.length + crash;
      await attempt(host, shop(mixed(2)));
      wire.cutAfter = Number.POSITIVE_INFINITY;
      host.restartAgent();
      expect((await host.settle(shop(mixed(2)))).settled, `after ${crash} changes`).toBe(true);
      const there = (await host.engine.listContainers()).map(({ name }) => name).sort();
      expect(there, `after ${crash} changes`).toEqual(['live-2', 'shop-app-1', 'shop-extra-2-1', 'shop-guest-1']);
      expect(await host.sentences(shop(mixed(2)))).toEqual([]);
    }
  });
});

describe('a creation that was cut off and comes about later', () => {
  const written = (value: string): Written => ({ services: { app: { spec: version(value) } } });

  test.each([
    ['of a new container', undefined],
    ['of the successor of another', shop(written('1'))],
  ])('%s is ours all the same, and nothing of it is left', async (_, before) => {
    const wire = new Wire();
    const host = new FakeHost(wire.through);
    await host.settle(before ?? shop({}));
    const { engine } = host;
    const { createContainer, listContainers } = engine;
    const late: Parameters<typeof createContainer>[] = [];
    engine.createContainer = async (...args) => {
      late.push(args);
      wire.cutAfter = 0;
      throw new MooringError('ENGINE_UNREACHABLE', 'Cannot create it: the wire is cut; a whole one is wanted');
    };
    expect(await attempt(host, shop(written('2')))).toBe('ENGINE_UNREACHABLE');
    wire.cutAfter = Number.POSITIVE_INFINITY;
    Object.assign(engine, { createContainer });
    // The engine comes to it right after the agent looked whether it had.
    engine.listContainers = async () => {
      const list = await listContainers.call(engine);
      for (const args of late.splice(0)) await createContainer.apply(engine, args);
      return list;
    };
    host.restartAgent();
    await attempt(host, shop(written('2')));
    engine.nowMs += 3_600_000;
    expect((await host.settle(shop(written('2')))).settled).toBe(true);
    expect((await engine.listContainers()).map(({ name }) => name)).toEqual(['shop-app-1']);
    expect(await stateOf(host, 'shop-app-1')).toMatchObject({ status: 'running' });
    expect(await host.sentences(shop(written('2')))).toEqual([]);
  });
});

describe('what a crash left and the engine does not take back', () => {
  test('is the state of the stack, once, and keeps no other from its work', async () => {
    const wire = new Wire();
    const host = new FakeHost(wire.through);
    const written = (value: string): Written => ({ services: { app: { spec: version(value) } } });
    await host.settle(shop(written('1')));
    const { engine } = host;
    const old = await host.id('shop-app-1');
    // Created, and the old one stopped.
    wire.cutAfter = engine.changed.length + 2;
    expect(await attempt(host, shop(written('2')))).toBe('ENGINE_UNREACHABLE');
    expect(await stateOf(host, 'shop-app-1')).toMatchObject({ id: old, status: 'exited' });
    wire.cutAfter = Number.POSITIVE_INFINITY;
    const { startContainer } = engine;
    engine.startContainer = async (id) => {
      if (id === old) throw new MooringError('ENGINE_ERROR', 'Cannot start it: a device is gone; the device is wanted');
      await startContainer.call(engine, id);
    };
    host.restartAgent();
    expect(await attempt(host, shop(written('2')))).toBe('RESTORE_REFUSED');
    expect(host.events.filter((event) => event.includes('a device is gone'))).toHaveLength(1);
    engine.nowMs += 3_600_000;
    expect((await host.settle(shop(written('2')))).settled).toBe(true);
    expect(await stateOf(host, 'shop-app-1')).toMatchObject({ status: 'running' });
  });

  test('is not thrown away while its successor cannot be made', async () => {
    const wire = new Wire();
    const host = new FakeHost(wire.through);
    const written = (value: string): Written => ({ services: { app: { spec: version(value) } } });
    await host.settle(shop(written('1')));
    const { engine } = host;
    const old = await host.id('shop-app-1');
    // Created, the old one stopped, the new one started, the old one renamed: then somebody takes its name, and the new one dies.
    wire.cutAfter = engine.changed.length + 4;
    expect(await attempt(host, shop(written('2')))).toBe('ENGINE_UNREACHABLE');
    wire.cutAfter = Number.POSITIVE_INFINITY;
    const fresh = (await engine.listContainers()).find(({ name }) => name.includes('-new-'));
    engine.exit(fresh?.id ?? '', 1);
    const foreign = await engine.createContainer('shop-app-1', { Image: 'app:1' });
    host.restartAgent();
    expect(await attempt(host, shop(written('2')))).toBe('RESTORE_REFUSED');
    expect(await engine.inspectContainer(old)).toBeDefined();
    expect(driftLines(await host.plan(shop(written('2'))))).toEqual([
      'shop-app-1: nothing wanted, foreign there; a foreign container has the name; it is never touched',
    ]);
    await engine.removeContainer(foreign);
    engine.nowMs += 3_600_000;
    expect((await host.settle(shop(written('2')))).settled).toBe(true);
    expect((await engine.listContainers()).map(({ name }) => name)).toEqual(['shop-app-1']);
  });
});
