import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { changesSince } from '../support/witness.ts';

let fleet: Fleet;

const HEALTH = 'healthcheck: { test: "true", interval: 500ms }';
const shop = (version: string, more = '') =>
  `services:
  app:
    image: local/plain:1
    environment: { VERSION: "${version}", TOKEN: canary-7f3a }
    ${HEALTH}
  worker: { image: local/plain:1, ${HEALTH} }
${more}`;
const FLEET_FILE = `version: 1
stacks:
  shop: { hosts: role=web }
  cache: { hosts: role=db }
`;
const FIRST = {
  'fleet.yaml': FLEET_FILE,
  'stacks/shop/compose.yaml': shop('1'),
  'stacks/cache/compose.yaml': `services:\n  store: { image: local/plain:1, ${HEALTH} }\n`,
};
/** Another version of app, a new service, and no cache any more. */
const SECOND = {
  'fleet.yaml': FLEET_FILE.replace('role=db', 'role=none'),
  'stacks/shop/compose.yaml': shop('2', `  extra: { image: local/plain:1, ${HEALTH} }\n`),
};

beforeAll(async () => {
  fleet = await startFleet(
    [
      { name: 'web-1', engine: '26', labels: { role: 'web' } },
      { name: 'web-2', engine: '28', labels: { role: 'web' } },
      { name: 'db-1', engine: '26', labels: { role: 'db' } },
    ],
    FIRST,
  );
  const waited = await fleet.mooring('wait', '--timeout', '180s');
  expect(waited.code, waited.stdout).toBe(0);
});

afterAll(async () => {
  await fleet?.close();
});

/** A working copy beside the repository, with these changes, and removed again afterwards. */
async function withCopy<T>(files: Readonly<Record<string, string>>, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = join(fleet.folder.path, 'copy');
  cpSync(fleet.repository.path, dir, { recursive: true, filter: (path) => !path.includes('.git') });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  try {
    return await use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Everything of the hub that publishing or deciding would change. */
async function hubState() {
  const [{ hosts }, history, { counters }, events] = await Promise.all([
    fleet.json('hosts'),
    fleet.json('history'),
    fleet.json('doctor'),
    fleet.mooring('events', '--limit', '1000'),
  ]);
  return {
    generations: hosts.map((host: { assignedGeneration: number }) => host.assignedGeneration),
    revisions: history.revisions.length,
    counters,
    events: events.stdout,
  };
}

const planned = (...args: string[]) => fleet.json('plan', ...args);

/** Proves that neither the hub nor any engine is changed by what is asked. */
async function changingNothing<T>(ask: () => Promise<T>): Promise<T> {
  const [before, since] = [await hubState(), Date.now()];
  const answer = await ask();
  expect(await hubState()).toEqual(before);
  for (const host of fleet.hosts) expect(await changesSince(host.engine.docker, since)).toEqual([]);
  return answer;
}

const idsOf = async (host: string): Promise<Map<string, string>> => {
  const containers = await fleet.host(host).engine.docker.listContainers({ all: true });
  return new Map(containers.map(({ Names, Id }) => [(Names[0] ?? '').slice(1), Id]));
};

interface Step {
  readonly effect: string;
  readonly object: string;
  readonly kind: string;
}
interface HostSteps {
  readonly host: string;
  /** Absent: there are none. */
  readonly steps?: readonly Step[];
}

/** Containers by what a plan says of them. */
function containersOf({ steps = [] }: HostSteps) {
  const named = (effect: string) =>
    steps
      .filter((step) => step.effect === effect && step.kind.endsWith('-container'))
      .map(({ object }) => object)
      .sort();
  return { create: named('create'), recreate: named('recreate'), remove: named('remove') };
}

/** Containers by what became of them. */
function becameOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  return {
    create: [...after.keys()].filter((name) => !before.has(name)).sort(),
    recreate: [...after].filter(([name, id]) => before.has(name) && before.get(name) !== id).map(([name]) => name),
    remove: [...before.keys()].filter((name) => !after.has(name)).sort(),
  };
}

describe('a plan', () => {
  test('of a working copy shows hosts with the same change together, and what causes it', async () => {
    const text = await withCopy(SECOND, (dir) => fleet.mooring('plan', dir, '--exit-code'));
    expect(text.code, text.stderr).toBe(3);
    expect(text.stdout).toContain('web-1, web-2 (2 hosts)\n');
    expect(text.stdout).toMatch(/^ {2}\+ create container shop-extra-1: /m);
    expect(text.stdout).toMatch(/^ {2}± replace container shop-app-1: /m);
    expect(text.stdout).toContain('db-1 (1 host)\n');
    expect(text.stdout).toMatch(/^ {2}- remove container cache-store-1: /m);
    expect(text.stdout).not.toContain('worker');
    expect(text.stdout).toMatch(/2 to create, 2 to recreate, \d+ to remove/);
    // Values of the environment never leave the host.
    expect(text.stdout).not.toContain('canary-7f3a');
  });

  test('of the folder that is followed, and of the accepted revision, is empty', async () => {
    const folder = await planned(fleet.repository.path);
    expect(folder.hosts).toEqual([{ host: 'db-1' }, { host: 'web-1' }, { host: 'web-2' }]);
    const accepted = await planned(fleet.repository.head());
    expect(accepted.hosts).toEqual(folder.hosts);
    expect((await fleet.mooring('plan', fleet.repository.head(), '--exit-code')).code).toBe(0);
  });

  test('equals what then happens, from the working copy as from a pushed branch, and changes nothing itself', async () => {
    const first = fleet.repository.head();
    fleet.repository.git('checkout', '--quiet', '-b', 'next');
    const second = fleet.repository.commit('second', SECOND);
    fleet.repository.git('checkout', '--quiet', 'main');
    const [fromCopy, fromBranch, fromCommit] = await changingNothing(async () => [
      await withCopy(SECOND, (dir) => planned(dir)),
      await planned('next'),
      await planned(second),
    ]);
    expect(fromBranch.revision).toMatchObject({ commit: second, subject: 'second' });
    expect(fromBranch.hosts).toEqual(fromCopy.hosts);
    expect(fromCommit.hosts).toEqual(fromCopy.hosts);
    // What is followed has not moved.
    expect((await fleet.json('status')).accepted.commit).toBe(first);

    const before = new Map(await Promise.all(fleet.hosts.map(async ({ name }) => [name, await idsOf(name)] as const)));
    const since = Date.now();
    fleet.repository.git('merge', '--quiet', '--ff-only', 'next');
    expect((await fleet.mooring('sync')).code).toBe(0);
    expect((await fleet.mooring('wait', '--revision', second, '--timeout', '180s')).code).toBe(0);
    for (const plan of fromCopy.hosts as HostSteps[]) {
      await eventually(`${plan.host} did as planned`, async () => {
        expect(becameOf(before.get(plan.host) ?? new Map(), await idsOf(plan.host))).toEqual(containersOf(plan));
      });
      const { create, recreate, remove } = containersOf(plan);
      const events = (await changesSince(fleet.host(plan.host).engine.docker, since)).filter(
        ({ type }) => type === 'container',
      );
      const count = (action: string) => events.filter((event) => event.action === action).length;
      expect(count('create')).toBe(create.length + recreate.length);
      expect(count('destroy')).toBe(recreate.length + remove.length);
    }
    expect((await planned('main')).hosts).toEqual([{ host: 'db-1' }, { host: 'web-1' }, { host: 'web-2' }]);
  });

  test('is narrowed to a host or a selector, and refuses what is not there', async () => {
    const one = await planned('main', '--host', 'web-1');
    expect(one.hosts.map(({ host }: HostSteps) => host)).toEqual(['web-1']);
    const web = await withCopy({}, (dir) => planned(dir, '--selector', 'role=web'));
    expect(web.hosts.map(({ host }: HostSteps) => host)).toEqual(['web-1', 'web-2']);
    const missing = await fleet.mooring('plan', 'no-such-branch');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('GIT_REF_MISSING');
    const hostile = await fleet.mooring('plan', '../../config');
    expect(hostile.stderr).toContain('INVALID_ARGUMENT');
    const broken = await withCopy({ 'stacks/shop/compose.yaml': 'services: { app: { imagee: x } }\n' }, (dir) =>
      fleet.mooring('plan', dir),
    );
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('COMPOSE_UNKNOWN_KEY stacks/shop/compose.yaml:1');
  });

  test('names a host that is offline as not planned, with its age', async () => {
    await fleet.host('web-2').agent?.stop();
    await eventually('it is offline', async () =>
      expect((await fleet.json('host', 'web-2')).host.online ?? false).toBe(false),
    );
    const { code, stdout } = await fleet.mooring('plan', 'main', '--exit-code');
    expect(stdout).toMatch(/^web-2 is not planned, offline since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(\d+s ago\)$/m);
    expect(stdout).toContain('Nothing would change; 2 hosts unchanged; 1 host not planned.');
    expect(code).toBe(3);
    fleet.host('web-2').startAgent();
    await eventually('it is back', async () => expect((await fleet.json('host', 'web-2')).host.online).toBe(true));
  });
});

test('a diff shows what two revisions render to, field by field, with the hosts that share it', async () => {
  const text = await fleet.mooring('diff', fleet.repository.git('rev-parse', 'HEAD~1').trim(), 'main', '--exit-code');
  expect(text.stdout.trimEnd(), text.stderr).toBe(`cache on db-1 (1 host): no longer there

shop on web-1, web-2 (2 hosts)
  services.app.environment.VERSION: 1 → 2
  services.extra: (not set) → local/plain:1`);
  expect(text.code).toBe(3);
  expect((await fleet.mooring('diff', 'main', 'next', '--exit-code')).code).toBe(0);
});

test('an explanation tells desired, observed and verdict, and no value of the environment', async () => {
  const explained = await fleet.json('explain', 'web-1/shop/app');
  expect(explained.verdict).toBe('synced');
  expect(JSON.stringify(explained)).not.toContain('canary-7f3a');
  expect((await fleet.mooring('explain', 'web-1/shop/app')).stdout).toContain('web-1/shop/app: synced');
  const missing = await fleet.mooring('explain', 'web-1/shop/nothing');
  expect(missing.stderr).toContain('NOT_FOUND');
  expect(missing.code).toBe(1);
});

test('a rewritten history is refused until it is accepted by name, over a restart of the hub', async () => {
  const good = fleet.repository.head();
  fleet.repository.git('checkout', '--quiet', '--orphan', 'rewritten');
  const rewritten = fleet.repository.commit('rewritten', { 'stacks/shop/compose.yaml': shop('3') });
  fleet.repository.git('branch', '--force', '-M', 'rewritten', 'main');
  const since = Date.now();
  expect((await fleet.mooring('sync')).code).toBe(1);
  const refused = await fleet.mooring('status');
  expect(refused.stdout).toContain('GIT_HISTORY_REWOUND');
  expect(refused.stdout).toContain(`mooring accept ${rewritten}`);
  expect((await fleet.json('status')).accepted.commit).toBe(good);
  for (const host of fleet.hosts) expect(await changesSince(host.engine.docker, since)).toEqual([]);

  const moved = await fleet.mooring('accept', good);
  expect(moved.stderr).toContain('GIT_HEAD_MOVED');
  expect((await fleet.mooring('accept', rewritten.slice(0, 12))).code).toBe(2);
  await fleet.hub?.stop();
  await fleet.startHub();
  expect((await fleet.json('status')).accepted.commit).toBe(good);

  const accepted = await fleet.mooring('accept', rewritten);
  expect(accepted.stdout, accepted.stderr).toContain(`Commit ${rewritten.slice(0, 12)} is accepted.`);
  const waited = await fleet.mooring('wait', '--revision', rewritten, '--timeout', '180s');
  expect(waited.code, waited.stdout).toBe(0);
  const { Config } = await fleet.host('web-1').engine.docker.getContainer('shop-app-1').inspect();
  expect(Config.Env).toContain('VERSION=3');
  const { stdout } = await fleet.mooring('events', '--limit', '100');
  expect(stdout).toContain(`local accepts commit ${rewritten.slice(0, 12)} in place of ${good.slice(0, 12)}`);
  expect((await fleet.json('status')).refused).toBeUndefined();
});
