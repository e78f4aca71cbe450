import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';
import { Witness } from '../support/witness.ts';

let fleet: Fleet;
let web1: TestHost;
let web3: TestHost;
let kept: string;
let backup: string;
const witnesses = new Map<string, Witness>();

const compose = (version: string) =>
  `services:\n  app:\n    image: local/plain:1\n    environment: { VERSION: "${version}", ZONE: "\${ZONE:-none}" }\n    healthcheck: { test: "true", interval: 500ms }\n    volumes: [kept:/data]\nvolumes: { kept: {} }\n`;
/** `fleet.yaml` of these stacks; what the overlay says reaches hosts of the region alone. */
const fleetOf = (stacks: readonly string[], zone: string) =>
  [
    'version: 1',
    'stacks:',
    `  shop: { hosts: role=web, overlays: [{ hosts: region=eu, vars: { ZONE: ${zone} } }] }`,
    ...stacks.map((stack) => `  ${stack}: { hosts: role=web }`),
    '',
  ].join('\n');
const fileOf = (stack: string) => `stacks/${stack}/compose.yaml`;

beforeAll(async () => {
  fleet = await startFleet(
    [
      { name: 'web-1', engine: '26', labels: { role: 'web', region: 'eu' } },
      { name: 'web-2', engine: '28', labels: { role: 'web' } },
      { name: 'web-3', engine: '28', joined: false },
    ],
    {
      'fleet.yaml': fleetOf(['mail'], 'one'),
      [fileOf('shop')]: compose('1'),
      [fileOf('mail')]: compose('1'),
      [fileOf('wiki')]: compose('1'),
    },
  );
  web1 = fleet.host('web-1');
  web3 = fleet.host('web-3');
  kept = join(fleet.folder.path, 'kept-keys');
  backup = join(fleet.folder.path, 'fleet.backup');
  for (const { name, engine } of fleet.hosts) witnesses.set(name, await Witness.of(engine.docker));
  await eventually('both hosts are well', async () =>
    expect((await fleet.mooring('status', '--exit-code')).stdout).toContain('2/2 synced, Synced, Healthy'),
  );
});

afterAll(async () => {
  for (const witness of witnesses.values()) witness.close();
  await fleet?.close();
});

/** What the engines did since then, by their own word. */
async function changesSince(sinceMs: number): Promise<string[]> {
  const all = await Promise.all(
    [...witnesses].map(async ([host, witness]) => ({ host, changes: await witness.changesSince(sinceMs) })),
  );
  return all.flatMap(({ host, changes }) =>
    changes.map(({ type, action, name }) => `${host} ${type} ${action} ${name}`),
  );
}

/** Stacks of a host as the hub shows them: `shop Synced`. */
async function stacksOf(host: string): Promise<string[]> {
  const { stacks } = await fleet.json('host', host);
  return stacks.map(({ stack, sync }: { stack: string; sync: string }) => `${stack} ${sync}`);
}

async function generations(): Promise<bigint[]> {
  const { hosts } = await fleet.json('hosts');
  return Promise.all(
    hosts.map(async ({ name }: { name: string }) => BigInt((await fleet.json('host', name)).host.assignedGeneration)),
  );
}

async function loseHub(): Promise<number> {
  await fleet.hub?.kill();
  rmSync(fleet.data, { recursive: true, force: true });
  return Date.now();
}

async function done(...args: string[]): Promise<void> {
  const { code, stderr } = await fleet.mooring(...args);
  expect(code, stderr).toBe(0);
}

async function asking(): Promise<string[]> {
  return (await fleet.json('approve')).hosts.map(({ host }: { host: string }) => host);
}

test('a backup of before hosts came and went, stacks changed and people left turns nothing back', async () => {
  const alice = join(fleet.folder.path, 'alice.json');
  await done('user', 'add', 'alice', '--role', 'viewer', '--out', alice);
  cpSync(join(fleet.data, 'keys'), kept, { recursive: true });
  await done('backup', backup, '--data', fleet.data);

  // A day goes by: a person leaves, a host is revoked, another one joins, a stack goes, one comes, an overlay changes.
  await done('revoke', '--user', 'alice', '-y');
  await done('revoke', 'web-2', '-y');
  await fleet.join(web3, { role: 'web' });
  await fleet.moor('mail goes, wiki comes', { 'fleet.yaml': fleetOf(['wiki'], 'two') });
  expect(await web1.containers()).toEqual(['shop-app-1', 'wiki-app-1']);
  await eventually('web-1 and web-3 are well', async () => {
    expect(await stacksOf('web-1')).toEqual(['shop Synced', 'wiki Synced']);
    expect(await stacksOf('web-3')).toEqual(['shop Synced', 'wiki Synced']);
  });
  const before = await generations();
  const lostAtMs = await loseHub();
  // While there is no hub, Git takes back what the backup never knew.
  fleet.repository.commit('wiki goes', { 'fleet.yaml': fleetOf([], 'two') });

  await done('restore', backup, '--keys', kept, '--data', fleet.data);
  await fleet.startHub();
  await eventually('the host that joined since asks to be let in', async () =>
    expect(await asking()).toEqual(['web-3']),
  );
  await done('approve', 'web-3');
  const left = ['shop Synced', 'wiki Drifted'];
  await eventually('what Git no longer gives is shown, and nothing else is wrong', async () => {
    expect(await stacksOf('web-1')).toEqual(left);
    expect(await stacksOf('web-3')).toEqual(left);
  });
  const { drift } = await fleet.json('drift');
  expect(drift.map(({ host, kind, name, action }: Record<string, string>) => [host, kind, name, action])).toEqual([
    ['web-1', 'extra', 'wiki-app-1', 'reported'],
    ['web-3', 'extra', 'wiki-app-1', 'reported'],
  ]);
  expect((await changesSince(lostAtMs)).filter((change) => !change.startsWith('web-2'))).toEqual([]);
  for (const generation of await generations()) expect(generation).toBeGreaterThan(before[0] ?? 0n);
  const refused = (await fleet.events()).filter(({ kind }) => kind === 'assignment.refused');
  expect(refused).toEqual([]);

  // What the backup could not know is said, and done again.
  const restored = (await fleet.events()).find(({ kind }) => kind === 'hub.restored');
  expect(restored?.message).toContain('revocations since then are to be made again');
  await done('revoke', '--user', 'alice', '-y');
  await done('revoke', 'web-2', '-y');
  expect((await fleet.mooringFrom(alice, 'status')).code).toBe(5);

  // A stray goes as any stack does: Git gives it, and takes it away.
  await fleet.moor('wiki again', { 'fleet.yaml': fleetOf(['wiki'], 'two') });
  expect((await changesSince(lostAtMs)).filter((change) => !change.startsWith('web-2'))).toEqual([]);
  await fleet.moor('wiki goes for good', { 'fleet.yaml': fleetOf([], 'two') });
  await eventually('it is gone everywhere', async () => {
    expect(await web1.containers()).toEqual(['shop-app-1']);
    expect(await web3.containers()).toEqual(['shop-app-1']);
    expect(await stacksOf('web-1')).toEqual(['shop Synced']);
  });
});

test('keys and Git alone bring back hosts with several stacks, and show what Git took away meanwhile', async () => {
  await fleet.moor('three stacks', { 'fleet.yaml': fleetOf(['mail', 'wiki'], 'two') });
  const before = await generations();
  const lostAtMs = await loseHub();
  fleet.repository.commit('mail goes', { 'fleet.yaml': fleetOf(['wiki'], 'two') });
  await done('init', '--keys', kept, '--data', fleet.data);
  await fleet.startHub();
  await eventually('all that were ever let in ask', async () =>
    expect(await asking()).toEqual(['web-1', 'web-2', 'web-3']),
  );
  await done('approve', 'web-1', 'web-3');
  await eventually('both are shown whole', async () => {
    for (const host of ['web-1', 'web-3'])
      expect(await stacksOf(host)).toEqual(['mail Drifted', 'shop Synced', 'wiki Synced']);
  });
  expect(await changesSince(lostAtMs)).toEqual([]);
  for (const generation of await generations()) expect(generation).toBeGreaterThan(before[0] ?? 0n);
  expect(await asking(), 'nobody let it in').toEqual(['web-2']);
});
