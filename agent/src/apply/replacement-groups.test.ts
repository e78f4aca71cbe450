import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { FakeHost, shop, type Written, type WrittenService } from '../host.fake.ts';
import { attempt, Wire } from '../wire.fake.ts';

const version = (value: string) => ({ environment: [{ name: 'VERSION', value }] });

/** An owner, two that share its namespaces, one that shares with one of those, and one that has nothing to do with them. */
const group = (value: string, guest: object = {}): Written => {
  const sharing = (mode: object, owner: string): WrittenService => ({
    spec: { networks: [], ...mode },
    dependsOn: [{ service: owner }],
  });
  return {
    services: {
      app: { spec: version(value) },
      far: sharing({ networkMode: 'none', pidMode: 'service:guest' }, 'guest'),
      guest: sharing({ networkMode: 'service:app', ...guest }, 'app'),
      other: { spec: version(value) },
      peer: sharing({ networkMode: 'service:app', pidMode: 'service:app' }, 'app'),
    },
  };
};
const NAMES = ['shop-app-1', 'shop-far-1', 'shop-guest-1', 'shop-other-1', 'shop-peer-1'];
const ENDS = { image: 'ends:1' };

async function running(wire = new Wire()): Promise<FakeHost> {
  const host = new FakeHost(wire.through);
  host.engine.addImage('ends:1', { Cmd: ['end'] });
  host.engine.endsAtOnce.set('ends:1', 3);
  expect((await host.settle(shop(group('1')))).settled).toBe(true);
  return host;
}

async function containers({ engine }: FakeHost) {
  const all = await Promise.all((await engine.listContainers()).map(({ id }) => engine.inspectContainer(id)));
  return all.flatMap((one) => (one === undefined ? [] : [one])).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const ids = async (host: FakeHost) => (await containers(host)).map(({ id, name }) => `${name} ${id}`);

/** Everybody runs, is there once under its own name, and shares with one that runs and was started before. */
async function expectWhole(host: FakeHost): Promise<void> {
  const all = await containers(host);
  expect(all.map(({ name }) => name)).toEqual(NAMES);
  expect(all.map(({ status }) => status)).toEqual(NAMES.map(() => 'running'));
  const startedAt = new Map(all.map(({ id, startedAtMs }) => [id, startedAtMs]));
  for (const { name, startedAtMs, inspected } of all) {
    for (const mode of [inspected.HostConfig['NetworkMode'], inspected.HostConfig['PidMode']]) {
      const owner = String(mode).split('container:')[1];
      if (owner !== undefined) expect(startedAt.get(owner), name).toBeLessThan(startedAtMs);
    }
  }
}

describe('containers that share namespaces', () => {
  test('are replaced with the one whose they are, which goes last', async () => {
    const host = await running();
    const before = host.engine.changed.length;
    expect((await host.settle(shop(group('2')))).settled).toBe(true);
    await expectWhole(host);
    const gone = host.engine.changed.slice(before).filter((call) => call.startsWith('destroy'));
    expect(
      gone.map((call) => /shop-(?:app|guest|peer|far|other)/.exec(call)?.[0]).filter((name) => name !== 'shop-other'),
    ).toEqual(['shop-peer', 'shop-far', 'shop-guest', 'shop-app']);
  });

  test('are all back where one of them fails, the one whose namespaces they share first', async () => {
    const host = await running();
    const before = await ids(host);
    const calls = host.engine.changed.length;
    expect(await attempt(host, shop(group('2', ENDS)))).toBe('CONTAINER_EXITED');
    await expectWhole(host);
    expect((await ids(host)).filter((one) => !one.startsWith('shop-other'))).toEqual(
      before.filter((one) => !one.startsWith('shop-other')),
    );
    const back = host.engine.changed.slice(calls).filter((call) => /^(?:re)?start container shop-\w+-1$/.test(call));
    expect(back[0]).toBe('start container shop-app-1');
    expect(host.events.filter((event) => event.startsWith('container.restored')).join('\n')).toMatch(
      /the old container shop-app-1 is back after .* exited with 3/,
    );
    expect((await host.settle(shop(group('3')))).settled).toBe(true);
    await expectWhole(host);
  });

  test.each([
    ['that would succeed', {}],
    ['that fails', ENDS],
  ])('end whole after a crash at any change of the engine, in a change %s', async (_, guest) => {
    const wire = new Wire();
    const counted = await running(wire);
    const first = counted.engine.changed.length;
    await attempt(counted, shop(group('2', guest)));
    const changes = counted.engine.changed.length - first;
    expect(changes).toBeGreaterThan(20);
    for (let crash = 0; crash < changes; crash += 1) {
      const broken = new Wire();
      const host = await running(broken);
      broken.cutAfter = host.engine.changed.length + crash;
      await attempt(host, shop(group('2', guest)));
      broken.cutAfter = Number.POSITIVE_INFINITY;
      host.restartAgent();
      // Whatever the crash left is finished or undone before anything else is tried.
      const desired = shop(group(guest === ENDS ? '3' : '2'));
      expect((await host.settle(desired)).settled, `after ${crash} changes`).toBe(true);
      await expectWhole(host);
      expect(await host.sentences(desired)).toEqual([]);
    }
  });

  test('cannot come back where the engine refuses: that is the state of the stack, and the next pass goes on', async () => {
    const host = await running();
    const { startContainer } = host.engine;
    const old = await host.id('shop-app-1');
    host.engine.startContainer = async (id) => {
      if (id === old) throw new MooringError('ENGINE_ERROR', 'Cannot start it: a device is gone; the device is wanted');
      await startContainer.call(host.engine, id);
    };
    expect(await attempt(host, shop(group('2', ENDS)))).toBe('RESTORE_REFUSED');
    expect(host.events.filter((event) => event.startsWith('container.not-restored')).join('\n')).toContain(
      'the old container shop-app-1 could not be put back: Cannot start it: a device is gone',
    );
    expect((await host.settle(shop(group('3')))).settled).toBe(true);
    await expectWhole(host);
  });
});
