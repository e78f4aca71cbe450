import { Bundle, digestOf } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { bundleOf, FakeHost, shop, type Written } from '../host.fake.ts';
import type { Desired } from './desired.ts';

/** What the host must run: a database, and a shop that comes after it. */
function two(db: Written, { after = ['db'], ...app }: Written & { readonly after?: string[] } = {}): Desired {
  const [like] = shop({}).stacks;
  if (like === undefined) throw new Error('a stack is wanted');
  const stacks = [bundleOf('db', db), { ...bundleOf('shop', { services: { app: {} }, ...app }), after }].map(
    (bundle) => ({
      ...like,
      stack: bundle.stack,
      bundle,
      bundleObject: digestOf(Bundle.encode(bundle).finish()),
    }),
  );
  return { ...shop({}), stacks };
}

const DB: Written = { services: { db: {} } };
const version = (value: string): Written => ({
  services: { db: { spec: { environment: [{ name: 'VERSION', value }] } } },
});
const reasonOf = ({ stacks }: Awaited<ReturnType<FakeHost['pass']>>) =>
  stacks.find(({ stack }) => stack === 'shop')?.reason;
const createdOf = ({ engine }: FakeHost) => engine.changed.filter((call) => call.startsWith('create container'));

describe('a stack that comes after another', () => {
  test('is made once the other is synced and healthy, and says meanwhile what it waits for', async () => {
    const host = new FakeHost();
    host.engine.neverHealthy.add('app:1');
    const check = { healthcheck: { test: ['CMD', 'ask'] } };
    const written = two({ services: { db: { spec: check } } }, { services: { app: { spec: { image: 'app:2' } } } });
    const waiting = await host.pass(written);
    expect(reasonOf(waiting)).toBe('it waits for stack db, which is not synced and healthy yet');
    expect(createdOf(host)).toEqual(['create container db-db-1']);
    await host.pass(written);
    expect(createdOf(host)).toHaveLength(1);
    host.engine.neverHealthy.clear();
    await host.engine.restartContainer(await host.id('db-db-1'));
    expect((await host.settle(written)).settled).toBe(true);
    expect(createdOf(host)).toEqual(['create container db-db-1', 'create container shop-app-1']);
  });

  test('asks to go on where its turn came in the same pass', async () => {
    const host = new FakeHost();
    const first = await host.pass(two(DB));
    expect(createdOf(host)).toEqual(['create container db-db-1']);
    expect(first.wakeAtMs).toBe(first.observedAtMs + 100);
    expect((await host.pass(two(DB))).settled).toBe(true);
  });

  test('does not wait for one that the host does not run', async () => {
    const host = new FakeHost();
    const { stacks, ...rest } = two(DB, { after: ['elsewhere'] });
    expect((await host.pass({ ...rest, stacks: stacks.slice(1) })).settled).toBe(true);
  });

  test('is healed all the same once it was applied, whatever the other is like', async () => {
    const host = new FakeHost();
    await host.settle(two(DB));
    const { engine } = host;
    engine.exit(await host.id('db-db-1'), 1);
    engine.startContainer = () => Promise.reject(new Error('no'));
    await engine.removeContainer(await host.id('shop-app-1'));
    const { createContainer } = engine;
    const made: string[] = [];
    engine.createContainer = async (...args) => {
      made.push(args[0]);
      return await createContainer.apply(engine, args);
    };
    await host.pass(two(DB));
    expect(made).toEqual(['shop-app-1']);
  });

  test('changes after the change of the other', async () => {
    const host = new FakeHost();
    await host.settle(two(version('1')));
    const changed = two(version('2'), { services: { app: { spec: { image: 'app:2' } } } });
    const first = host.engine.changed.length;
    expect(reasonOf(await host.pass(changed))).toBe('');
    expect((await host.settle(changed)).settled).toBe(true);
    const created = host.engine.changed.slice(first).filter((call) => call.startsWith('create container'));
    expect(created.map((call) => call.replace(/-new-.*/, ''))).toEqual([
      'create container db-db-1',
      'create container shop-app-1',
    ]);
  });

  test('follows the stack that makes the network which it takes for granted', async () => {
    const host = new FakeHost();
    const network = (external: boolean) => [{ key: 'shared', name: 'shared', external }];
    const app = {
      services: { app: { spec: { networks: [{ network: 'shared' }] } } },
      networks: network(true),
      after: [],
    };
    const written = two({ ...DB, networks: network(false) }, app);
    expect((await host.settle(written)).settled).toBe(true);
    expect(host.events.filter((event) => event.startsWith('apply.failed'))).toEqual([]);
    expect(host.engine.changed.indexOf('create network shared')).toBeLessThan(
      host.engine.changed.indexOf('create container shop-app-1'),
    );
  });
});
