import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { changesSince } from '../support/witness.ts';

let fleet: Fleet;

const FLEET_FILE = `version: 1
hosts:
  web-1: { vars: { SITE: one.example } }
stacks:
  shop:
    hosts: role=web
    vars: { SITE: default.example }
    overlays:
      - { hosts: region=eu, compose: [compose.eu.yaml] }
  extra:
    hosts: [db-1]
`;
const SHOP = `services:
  app:
    image: local/web:1
    environment: { SITE: "\${SITE}" }
    ports: ["8080:8080"]
    volumes: ["./www:/var/www:ro", "data:/data", "./uploads:/uploads"]
    healthcheck: { test: "true", interval: 500ms }
  worker:
    image: local/plain:1
    depends_on: { app: { condition: service_healthy } }
    healthcheck: { test: "true", interval: 500ms }
volumes: { data: }
`;
const FILES = {
  'fleet.yaml': FLEET_FILE,
  'stacks/shop/compose.yaml': SHOP,
  'stacks/shop/compose.eu.yaml': 'services:\n  app:\n    labels: { region: eu }\n',
  'stacks/shop/www/index.html': 'first\n',
  'stacks/extra/compose.yaml':
    'services:\n  sleeper:\n    image: local/plain:1\n    healthcheck: { test: "true", interval: 500ms }\n',
};

beforeAll(async () => {
  fleet = await startFleet(
    [
      { name: 'web-1', engine: '26', labels: { role: 'web', region: 'eu' } },
      { name: 'web-2', engine: '28', labels: { role: 'web', region: 'us' } },
      { name: 'db-1', engine: '26', labels: { role: 'db' } },
    ],
    FILES,
  );
});

afterAll(async () => {
  await fleet?.close();
});

describe('a commit', () => {
  test('becomes running containers on every host that it selects, and on no other', async () => {
    const waited = await fleet.mooring('wait', '--timeout', '180s');
    expect(waited.code, waited.stdout + waited.stderr).toBe(0);
    expect(await fleet.host('web-1').containers()).toEqual(['shop-app-1', 'shop-worker-1']);
    expect(await fleet.host('web-2').containers()).toEqual(['shop-app-1', 'shop-worker-1']);
    expect(await fleet.host('db-1').containers()).toEqual(['extra-sleeper-1']);
    expect(await fleet.fetch(fleet.host('web-1'), 8080)).toBe('first\n');
    const status = await fleet.json('status');
    expect(status.hosts).toMatchObject({
      total: 3,
      online: 3,
      synced: 3,
      healthy: 3,
      sync: 'Synced',
      health: 'Healthy',
    });
  });

  test('differs by overlay and host variable only where it should', async () => {
    const inspect = async (host: string) => fleet.host(host).engine.docker.getContainer('shop-app-1').inspect();
    const [one, two] = [await inspect('web-1'), await inspect('web-2')];
    expect(one.Config.Env).toContain('SITE=one.example');
    expect(two.Config.Env).toContain('SITE=default.example');
    expect(one.Config.Labels['region']).toBe('eu');
    expect(two.Config.Labels['region']).toBeUndefined();
  });

  test('that changes a mounted file reaches the containers, and nothing else changes', async () => {
    const before = Date.now();
    const worker = (await fleet.host('web-2').startTimes())['shop-worker-1'];
    await fleet.moor('second page', { 'stacks/shop/www/index.html': 'second\n' });
    expect(await fleet.fetch(fleet.host('web-2'), 8080)).toBe('second\n');
    expect((await fleet.host('web-2').startTimes())['shop-worker-1']).toBe(worker);
    expect(await changesSince(fleet.host('db-1').engine.docker, before)).toEqual([]);
    const names = (await changesSince(fleet.host('web-2').engine.docker, before)).map(
      ({ type, action }) => `${type} ${action}`,
    );
    expect(names.filter((name) => name.startsWith('volume'))).not.toContain('volume destroy');
  });

  test('that does not render is refused whole, with its place, and the next good one works', async () => {
    const good = fleet.repository.head();
    const before = Date.now();
    const bad = fleet.repository.commit('bad', {
      'stacks/shop/compose.yaml': SHOP.replace('image: local/plain:1', 'imagee: x'),
    });
    expect((await fleet.mooring('sync')).code).toBe(1);
    const status = await fleet.json('status');
    expect(status.accepted.commit).toBe(good);
    expect(status.refused.commit).toBe(bad);
    expect(status.refused.problems[0]).toMatchObject({
      code: 'COMPOSE_UNKNOWN_KEY',
      file: 'stacks/shop/compose.yaml',
      line: 9,
      column: 5,
      hint: 'Did you mean "image"?',
    });
    for (const host of fleet.hosts) expect(await changesSince(host.engine.docker, before)).toEqual([]);
    await fleet.moor('good again', { 'stacks/shop/compose.yaml': SHOP });
    expect((await fleet.json('status')).refused).toBeUndefined();
  });
});

describe('drift', () => {
  test.each([
    ['removed', (name: string) => fleet.host('web-1').engine.docker.getContainer(name).remove({ force: true })],
    ['stopped', (name: string) => fleet.host('web-1').engine.docker.getContainer(name).stop({ t: 0 })],
    // A kernel that is busy does not freeze a container at once, and the engine says so.
    [
      'paused',
      (name: string) =>
        eventually('the engine pauses it', () => fleet.host('web-1').engine.docker.getContainer(name).pause()),
    ],
  ])('of a container that was %s is found and put right', async (_, harm) => {
    await harm('shop-worker-1');
    await eventually(
      'it runs again',
      async () => {
        const { State } = await fleet.host('web-1').engine.docker.getContainer('shop-worker-1').inspect();
        expect(State).toMatchObject({ Running: true, Paused: false });
      },
      15_000,
    );
    await eventually('the event tells', async () => {
      const { stdout } = await fleet.mooring('events', '--host', 'web-1', '--limit', '20');
      expect(stdout).toContain('drift.found');
      expect(stdout).toContain('drift.corrected');
    });
  });

  test('is none when nothing was touched', async () => {
    await eventually('the fleet is well', async () =>
      expect((await fleet.mooring('drift', '--exit-code')).code).toBe(0),
    );
    const before = Date.now();
    const { stdout } = await fleet.mooring('drift');
    expect(stdout).toContain('No drift: 3 hosts are as Git says.');
    for (const host of fleet.hosts) expect(await changesSince(host.engine.docker, before)).toEqual([]);
  });

  test('leaves foreign containers alone and counts them', async () => {
    const { docker } = fleet.host('web-1').engine;
    const foreign = await docker.createContainer({ Image: 'local/plain:1', name: 'foreign' });
    await foreign.start();
    await eventually('it is counted', async () => {
      // Foreign containers send no event of ours; the next look counts them.
      await docker.getContainer('shop-worker-1').restart({ t: 0 });
      const { host } = await fleet.json('host', 'web-1');
      expect(host.state.unmanaged).toEqual(['foreign']);
    });
    expect((await foreign.inspect()).State.Running).toBe(true);
    await foreign.remove({ force: true });
  });
});

describe('a stack', () => {
  test('that Git drops is removed, and its volumes stay', async () => {
    await fleet.moor('without shop', { 'fleet.yaml': FLEET_FILE.replace('role=web', 'role=none') });
    await eventually('its containers are gone', async () => expect(await fleet.host('web-1').containers()).toEqual([]));
    const { Volumes } = await fleet.host('web-1').engine.docker.listVolumes();
    expect(Volumes?.map(({ Name }) => Name)).toEqual(['shop_data']);
    await fleet.moor('with shop', { 'fleet.yaml': FLEET_FILE });
    expect(await fleet.host('web-1').containers()).toEqual(['shop-app-1', 'shop-worker-1']);
  });

  test('keeps its old containers when a new image cannot be had, or exits at once', async () => {
    const before = await fleet.host('web-2').startTimes();
    for (const [message, change, code] of [
      ['no image', ['image: local/plain:1', 'image: local/none:1'], 'IMAGE'],
      ['exits', ['image: local/plain:1', 'image: local/plain:1\n    command: [sh, -c, "exit 3"]'], 'CONTAINER_EXITED'],
    ] as const) {
      fleet.repository.commit(message, { 'stacks/shop/compose.yaml': SHOP.replace(change[0], change[1]) });
      await fleet.mooring('sync');
      await eventually(`${message} is told`, async () => {
        const { stacks } = await fleet.json('host', 'web-2');
        expect(stacks[0]).toMatchObject({ sync: 'Failed' });
        expect(stacks[0].problem.code).toContain(code);
      });
    }
    expect(await fleet.host('web-2').containers()).toEqual(['shop-app-1', 'shop-worker-1']);
    expect((await fleet.host('web-2').startTimes())['shop-app-1']).toBe(before['shop-app-1']);
    await fleet.moor('mended', { 'stacks/shop/compose.yaml': SHOP });
  });
});
