import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';
import { changesSince } from '../support/witness.ts';

const STACKS = Array.from({ length: 10 }, (_, index) => `stack-${index}`);

let fleet: Fleet;
let host: TestHost;

/** Often until it is healthy, then hardly ever: an engine keeps 256 events, and the runs of healthchecks would push out the others. */
const HEALTHCHECK = '    healthcheck: { test: "true", interval: 1h, start_period: 60s, start_interval: 500ms }';

/** What of it can change while the container runs: limits, name, restart policy, a second network. */
const compose = (version: string, live: { memory: string; name: string; restart: string; networks: string }) =>
  [
    'services:',
    '  app:',
    '    image: local/plain:1',
    '    stop_grace_period: 0s',
    `    environment: { VERSION: "${version}" }`,
    `    mem_limit: ${live.memory}`,
    `    restart: ${live.restart}`,
    `    container_name: ${live.name}`,
    `    networks: [${live.networks}]`,
    HEALTHCHECK,
    'networks: { default: {}, side: {} }',
    '',
  ].join('\n');

const quiet = (name: string) => ({ memory: '64m', name, restart: 'always', networks: 'default' });
const fileOf = (stack: string) => `stacks/${stack}/compose.yaml`;

beforeAll(async () => {
  fleet = await startFleet([{ name: 'web-1', engine: '28' }], {
    'fleet.yaml': ['version: 1', 'stacks:', ...STACKS.map((stack) => `  ${stack}: { hosts: [web-1] }`), ''].join('\n'),
    ...Object.fromEntries(STACKS.map((stack) => [fileOf(stack), compose('1', quiet(`${stack}-app`))])),
  });
  host = fleet.host('web-1');
  await eventually('all ten stacks run', async () => {
    const { stacks } = await fleet.json('host', 'web-1');
    expect(stacks).toMatchObject(STACKS.map((stack) => ({ stack, sync: 'Synced', health: 'Healthy' })));
  });
});

afterAll(async () => {
  await fleet?.close();
});

describe('a commit', () => {
  test('that changes one of ten stacks causes mutating engine calls on that stack only', async () => {
    const before = await host.startTimes();
    const since = Date.now();
    await fleet.moor('one of ten', { [fileOf('stack-3')]: compose('2', quiet('stack-3-app')) });
    const changes = await changesSince(host.engine.docker, since);
    const touched = new Set(changes.map(({ name }) => /^(?:stack-\d)/.exec(name)?.[0] ?? name));
    expect([...touched]).toEqual(['stack-3']);
    const { 'stack-3-app': old, ...others } = before;
    const { 'stack-3-app': fresh, ...after } = await host.startTimes();
    expect(fresh).not.toBe(old);
    expect(after).toEqual(others);
  });

  test('that can be live restarts nothing', async () => {
    const started = async () =>
      (await host.engine.docker.listContainers({ all: true })).map(({ Id, Created }) => `${Id} ${Created}`).sort();
    const before = await started();
    const times = Object.values(await host.startTimes()).sort();
    const since = Date.now();
    const live = { memory: '96m', name: 'renamed', restart: 'unless-stopped', networks: 'default, side' };
    await fleet.moor('live', { [fileOf('stack-5')]: compose('1', live) });
    const changes = await changesSince(host.engine.docker, since);
    expect(changes.map(({ type, action }) => `${type} ${action}`).sort()).toEqual([
      'container rename',
      'container update',
      // The second network, which nobody used before, and the first one again under the new name.
      'network connect',
      'network connect',
      'network create',
      'network disconnect',
    ]);
    expect(await started()).toEqual(before);
    expect(Object.values(await host.startTimes()).sort()).toEqual(times);
    const { HostConfig, NetworkSettings } = await host.engine.docker.getContainer('renamed').inspect();
    expect([HostConfig.Memory, HostConfig.RestartPolicy?.Name]).toEqual([100_663_296, 'unless-stopped']);
    expect(Object.keys(NetworkSettings.Networks).sort()).toEqual(['stack-5_default', 'stack-5_side']);
  });
});
