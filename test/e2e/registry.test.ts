import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';
import { HUB_ADDRESS } from '../support/network.ts';
import { Registry } from '../support/registry.ts';

const OPEN_PORT = 5000;
const LOGIN_PORT = 5001;

let fleet: Fleet;
let host: TestHost;
let open: Registry;
let guarded: Registry;
let digests: readonly [first: string, second: string];

beforeAll(async () => {
  const insecureRegistries = [OPEN_PORT, LOGIN_PORT].map((port) => `${HUB_ADDRESS}:${port}`);
  fleet = await startFleet([{ name: 'web-1', engine: '28', insecureRegistries }], { 'fleet.yaml': 'version: 1\n' });
  host = fleet.host('web-1');
  const { network } = fleet;
  open = new Registry({ folder: join(fleet.folder.path, 'open'), network, port: OPEN_PORT });
  guarded = new Registry({ folder: join(fleet.folder.path, 'guarded'), network, port: LOGIN_PORT, login: true });
  await Promise.all([open.start(), guarded.start()]);
  const { docker } = host.engine;
  digests = [
    await open.push(docker, 'local/plain:1', ['app', '1']),
    await open.push(docker, 'local/plain:2', ['app', '2']),
  ];
});

afterAll(async () => {
  await Promise.all([open?.stop(), guarded?.stop()]);
  await fleet?.close();
});

const files = (byTag: string, byDigest: string) => ({
  'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: [web-1] }\n',
  'stacks/shop/compose.yaml': ['services:', ...service('tag', byTag), ...service('digest', byDigest), ''].join('\n'),
});
const service = (name: string, image: string): string[] => [
  `  ${name}:`,
  `    image: ${image}`,
  '    healthcheck: { test: "true", interval: 500ms }',
];
const imageOf = async (container: string): Promise<string> => {
  const { Image } = await host.engine.docker.getContainer(container).inspect();
  return Image;
};

describe('an image in a registry', () => {
  test('is pulled by tag and by digest, and runs', async () => {
    const [first] = digests;
    await expect(host.engine.docker.getImage(`${open.name}/app:1`).inspect()).rejects.toMatchObject({
      statusCode: 404,
    });
    await fleet.moor('from the registry', files(`${open.name}/app:1`, `${open.name}/app@${first}`));
    expect(await host.containers()).toEqual(['shop-digest-1', 'shop-tag-1']);
    expect(await imageOf('shop-digest-1')).toBe(await imageOf('shop-tag-1'));
    const { RepoDigests } = await host.engine.docker.getImage(`${open.name}/app:1`).inspect();
    expect(RepoDigests).toContain(`${open.name}/app@${first}`);
  });

  test('that asks for a login is told by its own code, and the old container runs on', async () => {
    await refused(`${guarded.name}/app:1`, 'IMAGE_LOGIN_MISSING');
  });

  test('that is not there is told apart, and the old container runs on', async () => {
    await refused(`${open.name}/app:none`, 'IMAGE_NOT_FOUND');
  });

  test('of a registry that is down costs nothing that runs, and comes by itself once it is up', async () => {
    await open.stop();
    await refused(`${open.name}/app:2`, 'IMAGE_PULL_FAILED');
    await open.start();
    await eventually('the new image runs', async () => {
      const { Config } = await host.engine.docker.getContainer('shop-tag-1').inspect();
      expect(Config.Image).toBe(`${open.name}/app:2`);
    });
    expect((await fleet.mooring('wait', '--timeout', '180s')).code).toBe(0);
  });
});

/** Commits an image that cannot be had, and expects the code, its hint, and everything that ran to run on untouched. */
async function refused(image: string, code: string): Promise<void> {
  const before = await host.startTimes();
  fleet.repository.commit(code, files(image, `${open.name}/app@${digests[0]}`));
  await fleet.mooring('sync');
  await eventually(`${code} is told`, async () => {
    const { stacks } = await fleet.json('host', 'web-1');
    expect(stacks[0]).toMatchObject({ sync: 'Failed', problem: { code } });
    expect(stacks[0].problem.hint).not.toBe('');
  });
  expect(await host.startTimes()).toEqual(before);
}
