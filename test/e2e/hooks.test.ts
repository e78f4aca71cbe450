import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerSpec, Network, Service } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';

const shell = (script: string) => ['/bin/sh', '-c', script];

const shop = (value: string, spec: object) =>
  desiredOf([
    bundleOf('shop', {
      services: [
        Service.fromPartial({
          name: 'app',
          container: ContainerSpec.fromJSON({
            image: 'local/plain:1',
            user: '65534:65534',
            healthcheck: { test: ['CMD', 'true'], intervalNanos: '200000000' },
            networks: [{ network: 'default' }],
            mounts: [{ target: '/kept', hostPath: kept }],
            environment: [{ name: 'VERSION', value }],
            ...spec,
          }),
        }),
      ],
      networks: [Network.fromPartial({ key: 'default', name: 'shop_default' })],
    }),
  ]);

let bench: Workbench;
/** What hooks write to, as whoever they are. */
let kept: string;

describe.each(['26', '28'] as const)('hooks on engine %s', (version) => {
  beforeAll(async () => {
    bench = await startWorkbench(version);
    kept = join(bench.folder.path, 'kept');
    mkdirSync(kept);
    chmodSync(kept, 0o777);
  });

  afterAll(async () => {
    await bench?.close();
  });

  const written = (file: string) => readFileSync(join(kept, file), 'utf8').trim();

  test('run as the user, in the folder and with the variables that they name', async () => {
    const postStart = [
      {
        command: shell('(id -u; pwd; echo $GREETING) > /kept/one'),
        user: '0',
        workingDir: '/etc',
        environment: [{ name: 'GREETING', value: 'ahoy' }],
      },
      { command: shell('id -u > /kept/two') },
    ];
    const preStop = [{ command: shell('echo $VERSION > /kept/stopped') }];
    expect((await bench.settle(shop('1', { postStart, preStop }))).settled).toBe(true);
    expect([written('one'), written('two')]).toEqual(['0\n/etc\nahoy', '65534']);
    expect(bench.events.filter((event) => event.includes('hook.done'))).toHaveLength(2);
    await bench.settle(shop('2', { postStart, preStop }));
    expect(written('stopped')).toBe('1');
  });

  test('that fail bring the old container back, and say with what they ended and what they said', async () => {
    const { Id } = await bench.engine.docker.getContainer('shop-app-1').inspect();
    const failing = { postStart: [{ command: shell('echo no schema >&2; exit 4') }] };
    const { stacks } = await bench.pass(shop('3', failing));
    expect(stacks[0]?.problem?.code).toBe('HOOK_FAILED');
    expect(stacks[0]?.problem?.message).toContain('it ended with 4 (it said: no schema)');
    const now = await bench.engine.docker.getContainer('shop-app-1').inspect();
    expect([now.Id, now.State.Running]).toEqual([Id, true]);
  });
});
