import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { FakeHost, shop, type Written } from '../host.fake.ts';
import type { FakeEngine } from '../observe/engine.fake.ts';
import type { Engine } from '../observe/engine.ts';

const web = (value: string): Written => ({ services: { web: { spec: { environment: [{ name: 'V', value }] } } } });

/** An engine whose next calls of some kinds are performed and not answered, or refused. */
class Trouble {
  /** What becomes of the next call, by its name. */
  readonly next = new Map<string, 'unanswered' | 'refused'>();

  readonly through = (engine: FakeEngine): Engine =>
    new Proxy(engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const fate = this.next.get(String(name));
          this.next.delete(String(name));
          if (fate === 'refused') throw new MooringError('ENGINE_ERROR', `Cannot ${String(name)}: no; yes is wanted`);
          const answer: unknown = await Reflect.apply(value, target, args);
          if (fate === undefined) return answer;
          throw new MooringError('ENGINE_UNRESPONSIVE', `Cannot ${String(name)}: no answer within 30 s; one is wanted`);
        };
      },
    });
}

async function containers({ engine }: FakeHost): Promise<readonly string[]> {
  const all = await Promise.all((await engine.listContainers()).map(({ id }) => engine.inspectContainer(id)));
  return all.map((one) => `${one?.name} ${one?.status}`).sort();
}

describe('a call that the engine performs and does not answer', () => {
  test.each(['createContainer', 'startContainer'])('%s: the container is ours, and is not made again', async (call) => {
    const trouble = new Trouble();
    const host = new FakeHost(trouble.through);
    trouble.next.set(call, 'unanswered');
    await host.pass(shop(web('1')));
    const id = await host.id('shop-web-1');
    host.engine.nowMs += 60_000;
    expect((await host.settle(shop(web('1')))).settled).toBe(true);
    expect(await containers(host)).toEqual(['shop-web-1 running']);
    expect(await host.id('shop-web-1')).toBe(id);
  });

  test.each(['createContainer', 'startContainer', 'stopContainer', 'renameContainer', 'removeContainer'])(
    '%s: a replacement is finished or undone by the next pass, and leaves nothing behind',
    async (call) => {
      const trouble = new Trouble();
      const host = new FakeHost(trouble.through);
      await host.settle(shop(web('1')));
      trouble.next.set(call, 'unanswered');
      await host.pass(shop(web('2')));
      host.engine.nowMs += 60_000;
      expect((await host.settle(shop(web('2')))).settled).toBe(true);
      expect(await containers(host)).toEqual(['shop-web-1 running']);
      expect(await host.sentences(shop(web('2')))).toEqual([]);
    },
  );
});

describe('what is left of a replacement that the engine did not let us undo', () => {
  test('makes way for the next one, which needs its name', async () => {
    const trouble = new Trouble();
    const host = new FakeHost(trouble.through);
    await host.settle(shop(web('1')));
    trouble.next.set('startContainer', 'refused').set('removeContainer', 'refused');
    await host.pass(shop(web('2')));
    expect(await containers(host)).toHaveLength(2);
    host.engine.nowMs += 60_000;
    expect((await host.settle(shop(web('2')))).settled).toBe(true);
    expect(await containers(host)).toEqual(['shop-web-1 running']);
  });
});
