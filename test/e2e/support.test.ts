import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { Engine } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';
import { importImages, makeRootFileSystem } from '../support/images.ts';
import { HUB_ADDRESS, type Network, startNetwork } from '../support/network.ts';
import { finish } from '../support/run.ts';
import { makeRunFolder, namespaces, processesOf, type RunFolder, removeRunFolder } from '../support/run-folder.ts';
import { toolPath } from '../support/tools.ts';
import { changesSince } from '../support/witness.ts';

let folder: RunFolder;
let network: Network;
let engines: Engine[];

beforeAll(async () => {
  folder = await makeRunFolder();
  network = await startNetwork(folder, 2);
  engines = (['26', '28'] as const).map(
    (version, index) =>
      new Engine({ folder: join(folder.path, `e${version}`), namespace: network.host(index).namespace, version }),
  );
  const [tar] = await Promise.all([makeRootFileSystem(folder.path), ...engines.map((engine) => engine.start())]);
  await Promise.all(engines.map(({ socket }) => importImages(socket, tar)));
});

afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  await network.close();
  await removeRunFolder(folder.path);
  expect(existsSync(folder.path)).toBe(false);
  expect(processesOf(folder.path)).toEqual([]);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder.path);
  expect((await namespaces()).filter((name) => name.startsWith(folder.namespace('')))).toEqual([]);
});

describe('a test host', () => {
  test('runs containers whose published port answers in the network of the hub', async () => {
    for (const [index, { docker }] of engines.entries()) {
      const before = Date.now();
      const container = await docker.createContainer({
        Image: 'local/web:1',
        name: 'web',
        HostConfig: { PortBindings: { '8080/tcp': [{ HostPort: '80' }] } },
      });
      await container.start();
      const { address } = network.host(index);
      const answer = await eventually('the page answers', () => ask(network.hub, `http://${address}:80/`));
      expect(answer).toBe('hello\n');
      const changes = await changesSince(docker, before);
      expect(changes.map(({ type, action }) => `${type} ${action}`)).toEqual([
        'container create',
        'network connect',
        'container start',
      ]);
    }
  });

  test('reaches the hub by one address, and not the other host', async () => {
    const ping = (from: string, to: string) =>
      finish('nsenter', [`--net=/run/netns/${from}`, toolPath('MOORING_BUSYBOX'), 'ping', '-c', '1', '-W', '1', to]);
    expect((await ping(network.host(0).namespace, HUB_ADDRESS)).code).toBe(0);
    expect((await ping(network.host(0).namespace, network.host(1).address)).code).not.toBe(0);
  });
});
