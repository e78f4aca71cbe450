import { describe, expect, test } from 'vitest';
import { leafDifferences, leavesOf } from './comparable-object.ts';
import type { Json } from './engine-owned.ts';

const CONTAINER = {
  Id: 'a1',
  Created: '2026-01-01',
  State: { Status: 'running', Pid: 7 },
  Config: {
    Env: ['A=1', 'B=2'],
    ExposedPorts: { '80/tcp': {} },
    Cmd: ['sleep', '1'],
    Labels: {
      'io.mooring.stack': 'shop',
      'com.docker.compose.config-hash': 'x',
      'com.docker.compose.service': 'web',
      'com.docker.compose.depends_on': 'a:service_started:false,b:service_healthy:true',
      mine: '',
    },
  },
  HostConfig: { Memory: 64, Binds: null, ConsoleSize: [24, 80], Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
  NetworkSettings: { Networks: { 'shop_a.b': { Aliases: ['a', 'b'], IPAddress: '10.0.0.2', DriverOpts: null } } },
};

/** What is told of two containers, the second of which differs so. */
function told(change: (container: typeof CONTAINER) => Json): readonly string[] {
  return leafDifferences(leavesOf('container', CONTAINER), leavesOf('container', change(structuredClone(CONTAINER))));
}

describe('two containers', () => {
  test('are the same where only what is the engine’s own differs, and what says who made them', () => {
    const { Config, HostConfig, NetworkSettings } = CONTAINER;
    const other = {
      ...CONTAINER,
      Id: 'b2',
      Created: '2027-01-01',
      State: { Status: 'running', Pid: 9 },
      Config: {
        ...Config,
        Env: ['B=2', 'A=1'],
        ExposedPorts: { '80': {} },
        Labels: {
          'com.docker.compose.config-hash': 'y',
          'com.docker.compose.version': '2.40.3',
          'com.docker.compose.service': 'web',
          'com.docker.compose.depends_on': 'b:service_healthy:true,a:service_started:false',
          mine: '',
        },
      },
      HostConfig: { ...HostConfig, Binds: [], ConsoleSize: [0, 0], Privileged: false },
      NetworkSettings: {
        ...NetworkSettings,
        Networks: { 'shop_a.b': { Aliases: ['b', 'a'], IPAddress: '10.0.0.3', DriverOpts: {} } },
      },
    };
    expect(told(() => other)).toEqual([]);
  });

  test.each<[string, (container: typeof CONTAINER) => Json, string]>([
    ['a number', (one) => ({ ...one, HostConfig: { ...one.HostConfig, Memory: 65 } }), 'HostConfig.Memory: '],
    ['a status', (one) => ({ ...one, State: { Status: 'exited' } }), 'State.Status: Mooring running, docker'],
    ['a value that nothing is', (one) => ({ ...one, Extra: 'new' }), 'Extra: Mooring (nothing), docker compose new'],
    ['an order', (one) => ({ ...one, Config: { ...one.Config, Cmd: ['1', 'sleep'] } }), 'Config.Cmd.0: '],
    ['a port', (one) => ({ ...one, Config: { ...one.Config, ExposedPorts: {} } }), 'Config.ExposedPorts.80/tcp: '],
    [
      'a label',
      (one) => ({ ...one, Config: { ...one.Config, Labels: {} } }),
      'Config.Labels.com.docker.compose.depends_on',
    ],
    [
      'a named limit',
      (one) => ({ ...one, HostConfig: { ...one.HostConfig, Ulimits: [] } }),
      'HostConfig.Ulimits.nofile.',
    ],
    ['a network', (one) => ({ ...one, NetworkSettings: {} }), 'NetworkSettings.Networks.shop_a.b: Mooring there'],
  ])('differ in %s', (_, change, line) => {
    expect(told(change)[0]?.startsWith(line)).toBe(true);
  });

  test('differ in a variable whose value is not told', () => {
    const other = (one: typeof CONTAINER) => ({ ...one, Config: { ...one.Config, Env: ['A=secret', 'B=2'] } });
    expect(told(other)).toEqual([
      'Config.Env.A: Mooring alone has this value',
      'Config.Env.A: docker compose alone has this value',
    ]);
  });
});
