import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerSpec, DependencyCondition, DriftMode, Network, Service, Volume } from '@mooring/proto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { liveOracle } from '../conformance/oracle.ts';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { eventually } from '../support/eventually.ts';
import { finish } from '../support/run.ts';
import { driftLines, startWorkbench, type Workbench } from '../support/workbench.ts';

const ON_DEFAULT = { networks: [{ network: 'default' }] };
const SAYS_HELLO = 'trap "exit 143" TERM; echo hello from web; sleep 3600 & wait';

const bundle = bundleOf('shop', {
  services: [
    Service.fromPartial({
      name: 'db',
      container: ContainerSpec.fromJSON({
        image: 'local/plain:1',
        ...ON_DEFAULT,
        mounts: [{ target: '/data', volume: 'kept' }],
      }),
    }),
    Service.fromPartial({
      name: 'web',
      replicas: 2,
      dependsOn: [
        { service: 'db', condition: DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED, required: true },
      ],
      container: ContainerSpec.fromJSON({
        image: 'local/plain:1',
        ...ON_DEFAULT,
        command: { values: ['/bin/sh', '-c', SAYS_HELLO] },
      }),
    }),
  ],
  networks: [Network.fromPartial({ key: 'default', name: 'shop_default' })],
  volumes: [Volume.fromPartial({ key: 'kept', name: 'shop_kept' })],
});
const corrected = desiredOf([bundle]);
const reported = desiredOf([bundle], { driftMode: DriftMode.DRIFT_MODE_REPORT });
const CONTAINERS = ['shop-db-1', 'shop-web-1', 'shop-web-2'];

const oracle = liveOracle();
let bench: Workbench;

/** Runs docker compose on the host, as somebody does who has no Compose file there. */
async function compose(...args: string[]): Promise<string> {
  const env = { HOME: '/nonexistent', PATH: process.env['PATH'], DOCKER_HOST: `unix://${bench.engine.socket}` };
  const ended = await finish(oracle ?? '', args, env);
  expect([ended.code, ended.stderr]).toEqual([0, expect.any(String)]);
  return ended.stdout;
}

/** Lines of JSON, or one list of it: docker compose prints either. */
function objectsOf(text: string): readonly Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.flatMap((line) => JSON.parse(line));
}

const states = async () => objectsOf(await compose('-p', 'shop', 'ps', '--all', '--format', 'json'));

if (oracle === undefined) {
  test('docker compose 2.40 is not here: nobody asks it about stacks of Mooring', () => {
    expect(oracle).toBeUndefined();
  });
} else {
  describe('docker compose on a host', () => {
    beforeAll(async () => {
      bench = await startWorkbench('28');
    });

    afterAll(async () => {
      await bench?.close();
    });

    beforeEach(async () => {
      expect(driftLines(await bench.settle(corrected))).toEqual([]);
    });

    test('ls shows the stack, and a place on the host', async () => {
      expect(objectsOf(await compose('ls', '--format', 'json'))).toEqual([
        { Name: 'shop', Status: 'running(3)', ConfigFiles: `${bench.folder.path}/agent/stacks/shop` },
      ]);
    });

    test('ps shows every replica with its service, image and state', async () => {
      const rows = (await states()).map(({ Name, Service: service, Image, State, Project }) => [
        Name,
        service,
        Image,
        State,
        Project,
      ]);
      expect(rows.sort()).toEqual([
        ['shop-db-1', 'db', 'local/plain:1', 'running', 'shop'],
        ['shop-web-1', 'web', 'local/plain:1', 'running', 'shop'],
        ['shop-web-2', 'web', 'local/plain:1', 'running', 'shop'],
      ]);
    });

    test('logs shows what each replica of a service says', async () => {
      const lines = (await compose('-p', 'shop', 'logs', '--no-color', 'web')).trim().split('\n');
      expect(lines.map((line) => line.replaceAll(/ +/g, ' ')).sort()).toEqual([
        'web-1 | hello from web',
        'web-2 | hello from web',
      ]);
    });

    test('images and top find the containers', async () => {
      const images = objectsOf(await compose('-p', 'shop', 'images', '--format', 'json'));
      expect(images.map(({ ContainerName }) => ContainerName).sort()).toEqual(CONTAINERS);
      expect(await compose('-p', 'shop', 'top', 'db')).toContain('sleep 3600');
    });

    test('stop stops those that depend on others first; where drift is reported, they stay stopped and are told', async () => {
      const since = Date.now();
      await compose('-p', 'shop', 'stop');
      const died = (await bench.witness.eventsSince(since)).filter(({ action }) => action === 'die');
      expect(died.map(({ name }) => name).sort()).toEqual(CONTAINERS);
      expect(died.at(-1)?.name).toBe('shop-db-1');
      const told = await bench.settle(reported);
      expect(told.stacks.flatMap(({ drift }) => drift.map(({ name, field }) => `${name} ${field}`)).sort()).toEqual([
        'shop-db-1 services.db.state',
        'shop-web-1 services.web.state',
        'shop-web-2 services.web.state',
      ]);
      expect((await states()).map(({ State }) => State)).toEqual(['exited', 'exited', 'exited']);
    });

    test('start starts what it stopped, and nothing differs any more', async () => {
      await compose('-p', 'shop', 'stop');
      expect(driftLines(await bench.pass(reported))).toHaveLength(3);
      await compose('-p', 'shop', 'start');
      await eventually('nothing differs', async () => expect(driftLines(await bench.pass(reported))).toEqual([]));
      expect((await states()).map(({ State }) => State)).toEqual(['running', 'running', 'running']);
    });

    test('what it stops is started again where drift is corrected', async () => {
      await compose('-p', 'shop', 'stop', 'web');
      expect(driftLines(await bench.settle(corrected))).toEqual([]);
      expect((await states()).map(({ State }) => State)).toEqual(['running', 'running', 'running']);
    });

    test('what a human brings up in the project is told as taken over, never touched, and made again once it is removed', async () => {
      const file = join(bench.folder.path, 'compose.yaml');
      const services = { db: { image: 'local/plain:1' }, web: { image: 'local/plain:1', scale: 2 } };
      writeFileSync(file, JSON.stringify({ services }));
      await compose('-p', 'shop', '-f', file, 'up', '--detach');
      const since = Date.now();
      const told = await bench.settle(corrected);
      expect(
        told.stacks.flatMap(({ drift }) => drift.map(({ name, observed }) => `${name} ${observed}`)).sort(),
      ).toEqual(CONTAINERS.map((name) => `${name} taken over by docker compose`));
      expect(await bench.witness.changesSince(since)).toEqual([]);
      await compose('-p', 'shop', '-f', file, 'rm', '--stop', '--force');
      expect(driftLines(await bench.settle(corrected))).toEqual([]);
      expect((await states()).map(({ Name }) => Name).sort()).toEqual(CONTAINERS);
    });

    test('what it takes down is made again where drift is corrected, and its volume stays', async () => {
      await compose('-p', 'shop', 'down');
      const { Volumes: volumes } = await bench.engine.docker.listVolumes();
      expect(volumes.map(({ Name }) => Name)).toContain('shop_kept');
      expect(driftLines(await bench.settle(corrected))).toEqual([]);
      expect((await states()).map(({ Name }) => Name).sort()).toEqual(CONTAINERS);
    });
  });
}
