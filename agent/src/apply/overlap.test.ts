import { UpdateOrder } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { FakeHost, shop, type Written, type WrittenService } from '../host.fake.ts';
import { attempt, Wire } from '../wire.fake.ts';

const START_FIRST = { order: UpdateOrder.UPDATE_ORDER_START_FIRST, parallelism: 1 };

const web = (value: string, more: WrittenService = {}): Written => ({
  services: {
    web: {
      replicas: 2,
      update: START_FIRST,
      ...more,
      spec: { environment: [{ name: 'VERSION', value }], ...more.spec },
    },
  },
});

async function running(wire = new Wire(), more: WrittenService = {}): Promise<FakeHost> {
  const host = new FakeHost(wire.through);
  host.engine.addImage('ends:1', { Cmd: ['end'] });
  host.engine.endsAtOnce.set('ends:1', 3);
  expect((await host.settle(shop(web('1', more)))).settled).toBe(true);
  return host;
}

const containers = async ({ engine }: FakeHost) => (await engine.listContainers()).map(({ name }) => name).sort();

async function atWork({ engine }: FakeHost): Promise<number> {
  const all = await Promise.all((await engine.listContainers()).map(({ id }) => engine.inspectContainer(id)));
  return all.filter((one) => one?.status === 'running').length;
}

/** What was done to the engine since, ids and passing names told by what they are of. */
const changesSince = ({ engine }: FakeHost, first: number) =>
  engine.changed.slice(first).map((call) => call.replaceAll(/-(new|kept)-[0-9a-f]{12}/g, '-$1'));

describe('a service whose new containers start first', () => {
  test('is changed replica after replica, each new one beside its old one until it is healthy', async () => {
    const host = await running();
    const first = host.engine.changed.length;
    expect(await host.sentences(shop(web('2')))).toEqual([
      'replace container shop-web-1, the new one first: environment changed in Git',
      'replace container shop-web-2, the new one first: environment changed in Git',
    ]);
    expect((await host.settle(shop(web('2')))).settled).toBe(true);
    expect(changesSince(host, first)).toEqual(
      [1, 2].flatMap((replica) => [
        `create container shop-web-${replica}-new`,
        `start container shop-web-${replica}-new`,
        `stop container shop-web-${replica}`,
        `rename container shop-web-${replica}-kept`,
        `rename container shop-web-${replica}`,
        `destroy container shop-web-${replica}-kept`,
      ]),
    );
    expect(await host.sentences(shop(web('2')))).toEqual([]);
  });

  test('keeps its old containers, never stopped, where the first new one fails', async () => {
    const host = await running();
    const before = await Promise.all(['shop-web-1', 'shop-web-2'].map((name) => host.id(name)));
    const first = host.engine.changed.length;
    expect(await attempt(host, shop(web('2', { spec: { image: 'ends:1' } })))).toBe('CONTAINER_EXITED');
    expect(changesSince(host, first)).toEqual([
      'create container shop-web-1-new',
      'start container shop-web-1-new',
      'destroy container shop-web-1-new',
    ]);
    expect(await Promise.all(['shop-web-1', 'shop-web-2'].map((name) => host.id(name)))).toEqual(before);
    expect(host.events.join('\n')).toMatch(/the old container shop-web-1 was never stopped: .* exited with 3/);
  });

  test('never runs on fewer containers, and ends as Git says, after a crash at any change of the engine', async () => {
    const counted = await running();
    const first = counted.engine.changed.length;
    await counted.settle(shop(web('2')));
    const changes = counted.engine.changed.length - first;
    expect(changes).toBe(12);
    for (let crash = 0; crash < changes; crash += 1) {
      const wire = new Wire();
      const host = await running(wire);
      wire.cutAfter = host.engine.changed.length + crash;
      expect(await attempt(host, shop(web('2')))).toBe('ENGINE_UNREACHABLE');
      expect(await atWork(host), `after ${crash} changes`).toBeGreaterThanOrEqual(2);
      wire.cutAfter = Number.POSITIVE_INFINITY;
      host.restartAgent();
      const { engine } = host;
      const { removeContainer } = engine;
      engine.removeContainer = async (id) => {
        // One that is replaced is stopped first, so that it ends what it is at.
        const leaving = await engine.inspectContainer(id);
        const isOld = leaving?.inspected.Config.Env?.includes('VERSION=1');
        expect(isOld === true && leaving?.status === 'running', `after ${crash} changes`).toBe(false);
        await removeContainer.call(engine, id);
        expect(await atWork(host), `after ${crash} changes`).toBeGreaterThanOrEqual(2);
      };
      expect((await host.settle(shop(web('2')))).settled, `after ${crash} changes`).toBe(true);
      expect(await containers(host), `after ${crash} changes`).toEqual(['shop-web-1', 'shop-web-2']);
      expect(await host.sentences(shop(web('2')))).toEqual([]);
    }
  });

  test.each<[string, WrittenService]>([
    ['a volume without a name goes over', { spec: { mounts: [{ target: '/d', anonymous: {} }] } }],
    ['it has a port of the host', { replicas: 1, spec: { ports: [{ hostPort: '18080', published: true }] } }],
  ])('stops the old one first where %s', async (_, more) => {
    const host = await running(new Wire(), more);
    expect((await host.sentences(shop(web('2', more))))[0]).toBe(
      'replace container shop-web-1: environment changed in Git',
    );
  });

  test('makes what is not there before it replaces what is', async () => {
    const host = await running();
    const first = host.engine.changed.length;
    await host.settle(shop(web('2', { replicas: 3 })));
    expect(changesSince(host, first).slice(0, 3)).toEqual([
      'create container shop-web-3',
      'start container shop-web-3',
      'create container shop-web-1-new',
    ]);
  });
});

describe('a service whose replicas are replaced a few at a time', () => {
  test('goes on only with those that are healthy', async () => {
    const oneByOne = { update: { order: UpdateOrder.UPDATE_ORDER_STOP_FIRST, parallelism: 1 } };
    const host = await running(new Wire(), oneByOne);
    const first = host.engine.changed.length;
    await attempt(host, shop(web('2', { ...oneByOne, spec: { image: 'ends:1' } })));
    expect(changesSince(host, first).filter((call) => call.includes('shop-web-2'))).toEqual([]);
  });
});
