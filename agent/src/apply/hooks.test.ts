import { describe, expect, test } from 'vitest';
import { FakeHost, shop, type Written } from '../host.fake.ts';
import { attempt } from '../wire.fake.ts';

const shell = (script: string) => ({ command: ['/bin/sh', '-c', script] });
const written = (spec: object): Written => ({ services: { app: { spec } } });
const hooked = (value: string, more: object = {}): Written =>
  written({
    environment: [{ name: 'VERSION', value }],
    postStart: [shell('echo up'), { command: ['warm'], user: '1' }],
    preStop: [shell('echo down')],
    ...more,
  });

const changesSince = ({ engine }: FakeHost, first: number) =>
  engine.changed.slice(first).map((call) => call.replaceAll(/-(new|kept)-[0-9a-f]{12}/g, '-$1'));

describe('hooks', () => {
  test('run in order after a start and before a stop, and tell what they said', async () => {
    const host = new FakeHost();
    expect((await host.settle(shop(hooked('1')))).settled).toBe(true);
    const first = host.engine.changed.length;
    expect((await host.settle(shop(hooked('2')))).settled).toBe(true);
    expect(changesSince(host, first)).toEqual([
      'create container shop-app-1-new',
      'run /bin/sh -c echo down in container shop-app-1',
      'stop container shop-app-1',
      'start container shop-app-1-new',
      'run /bin/sh -c echo up in container shop-app-1-new',
      'run warm in container shop-app-1-new',
      'rename container shop-app-1-kept',
      'rename container shop-app-1',
      'destroy container shop-app-1-kept',
    ]);
    expect(host.events.filter((event) => event.startsWith('hook.')).slice(0, 2)).toEqual([
      'hook.done: post_start 1 of 2 of container shop-app-1 ended with 0 (it said: up)',
      'hook.done: post_start 2 of 2 of container shop-app-1 ended with 0',
    ]);
  });

  test('are part of the specification: another command makes a new container, and the same none', async () => {
    const host = new FakeHost();
    await host.settle(shop(hooked('1')));
    expect(await host.sentences(shop(hooked('1')))).toEqual([]);
    expect(await host.sentences(shop(hooked('1', { preStop: [] })))).toEqual([
      'replace container shop-app-1: pre_stop changed in Git',
    ]);
  });

  test('that fail after the start of a new service leave nothing that runs', async () => {
    const host = new FakeHost();
    const desired = shop(hooked('1', { postStart: [shell('echo no seed; exit 4')] }));
    expect(await attempt(host, desired)).toBe('HOOK_FAILED');
    expect(await host.engine.listContainers()).toEqual([]);
    expect(host.events).toContain(
      'hook.failed: Cannot use post_start of container shop-app-1: it ended with 4 (it said: no seed); a command that ends with 0 is wanted',
    );
  });

  test('that fail after the start of a successor bring the old container back', async () => {
    const host = new FakeHost();
    await host.settle(shop(hooked('1')));
    const old = await host.id('shop-app-1');
    expect(await attempt(host, shop(hooked('2', { postStart: [shell('exit 4')] })))).toBe('HOOK_FAILED');
    expect(await host.id('shop-app-1')).toBe(old);
    expect((await host.engine.inspectContainer(old))?.status).toBe('running');
  });

  test('that fail before a stop keep the container at work', async () => {
    const host = new FakeHost();
    await host.settle(shop(hooked('1')));
    const old = await host.id('shop-app-1');
    expect(await attempt(host, shop(hooked('2', { preStop: [shell('exit 1')] })))).toBe('HOOK_FAILED');
    expect(await host.id('shop-app-1')).toBe(old);
    expect(changesSince(host, 0).filter((call) => call.startsWith('stop'))).toEqual([]);
    expect((await host.settle(shop(hooked('3')))).settled).toBe(true);
  });

  test('run again where a container that stopped is started, and one whose hooks fail does not pass for running', async () => {
    const host = new FakeHost();
    await host.settle(shop(hooked('1')));
    host.engine.exit(await host.id('shop-app-1'), 1);
    const first = host.engine.changed.length;
    await host.settle(shop(hooked('1')));
    expect(changesSince(host, first)).toEqual([
      'start container shop-app-1',
      'run /bin/sh -c echo up in container shop-app-1',
      'run warm in container shop-app-1',
    ]);
    host.engine.exit(await host.id('shop-app-1'), 1);
    const { runCommand } = host.engine;
    host.engine.runCommand = async () => ({ exitCode: 7, output: '' });
    expect(await attempt(host, shop(hooked('1')))).toBe('HOOK_FAILED');
    expect((await host.engine.inspectContainer('shop-app-1'))?.status).toBe('exited');
    Object.assign(host.engine, { runCommand });
  });

  test('never tell a value of the environment', async () => {
    const host = new FakeHost();
    const environment = [{ name: 'PASSWORD', value: 'hunter22' }];
    await attempt(host, shop(written({ environment, postStart: [shell('echo wrong: hunter22; exit 1')] })));
    expect(host.events.join('\n')).toContain('(it said: wrong: ***)');
    expect(host.events.join('\n')).not.toContain('hunter22');
  });
});
