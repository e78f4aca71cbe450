import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { createStore, openStore } from '@mooring/hub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { run } from '../support/run.ts';
import { Witness } from '../support/witness.ts';

let fleet: Fleet;
/** Where a careful person keeps the keys of the fleet: on another machine. */
let kept: string;
const witnesses: Witness[] = [];

const compose = (version: string) =>
  `services:\n  app:\n    image: local/plain:1\n    environment: { VERSION: "${version}" }\n    healthcheck: { test: "true", interval: 500ms }\n`;
const FLEET = 'version: 1\nstacks:\n  shop: { hosts: role=web }\n  mail: { hosts: role=web }\n';

beforeAll(async () => {
  fleet = await startFleet(
    [
      { name: 'web-1', engine: '26', labels: { role: 'web' } },
      { name: 'web-2', engine: '28', labels: { role: 'web' } },
    ],
    { 'fleet.yaml': FLEET, 'stacks/shop/compose.yaml': compose('1'), 'stacks/mail/compose.yaml': compose('1') },
  );
  kept = join(fleet.folder.path, 'kept-keys');
  cpSync(join(fleet.data, 'keys'), kept, { recursive: true });
  for (const { engine } of fleet.hosts) witnesses.push(await Witness.of(engine.docker));
});

afterAll(async () => {
  for (const witness of witnesses) witness.close();
  await fleet?.close();
});

async function wellAgain(): Promise<void> {
  await eventually('everything is Synced and Healthy', async () =>
    expect((await fleet.mooring('status', '--exit-code')).stdout).toContain('2/2 synced, Synced, Healthy'),
  );
}

/** What the engines did since then, by their own word. */
async function changesSince(sinceMs: number): Promise<string[]> {
  const all = await Promise.all(witnesses.map((witness) => witness.changesSince(sinceMs)));
  return all.flat().map(({ type, action, name }) => `${type} ${action} ${name}`);
}

const hosts = async () => (await fleet.json('hosts')).hosts as { name: string; ahead: boolean; reason: string }[];

async function generation(host: string): Promise<bigint> {
  return BigInt((await fleet.json('host', host)).host.assignedGeneration);
}

/** The machine of the hub is gone, with all that was on it. */
async function loseHub(): Promise<void> {
  const broker = Number(readFileSync(join(fleet.data, 'broker', 'nats.pid'), 'utf8'));
  expect(commandOf(broker)).toContain('nats.conf');
  await fleet.hub?.kill();
  await eventually('its broker has ended with it', () => expect(commandOf(broker)).not.toContain(fleet.data));
  rmSync(fleet.data, { recursive: true });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // There is no such process.
    return '';
  }
}

describe('a fleet whose hub is lost', () => {
  test('is whole again on a new machine with keys and Git alone, without a container that moves', async () => {
    const first = fleet.repository.head();
    const newest = await fleet.moor('mail changes', { 'stacks/mail/compose.yaml': compose('2') });
    await wellAgain();
    const before = await generation('web-1');
    const lostAtMs = Date.now();
    await loseHub();

    const made = await fleet.mooring('init', '--keys', kept, '--data', fleet.data);
    expect(made.code, made.stderr).toBe(0);
    await fleet.startHub();
    await eventually('both hosts ask to be let in, with their labels', async () => {
      const asking = (await fleet.json('approve')).hosts as { host: string; labels: unknown }[];
      expect(asking.map(({ host }) => host)).toEqual(['web-1', 'web-2']);
      for (const { labels } of asking) expect(labels).toEqual([{ name: 'role', value: 'web' }]);
    });
    expect((await fleet.mooring('status')).stdout).toContain('HOST_FORGOTTEN');
    expect((await hosts()).map(({ name }) => name)).toEqual([]);

    expect((await fleet.json('approve', '--all')).hosts).toEqual(['web-1', 'web-2']);
    await wellAgain();
    expect((await fleet.mooring('wait', '--revision', newest, '--timeout', '30s')).code).toBe(0);
    expect(await changesSince(lostAtMs)).toEqual([]);
    expect(await generation('web-1')).toBeGreaterThan(before);
    const { revisions } = await fleet.json('history');
    const told = revisions.map(({ commit, toldBy }: { commit: string; toldBy: string }) => [commit, toldBy]);
    expect(told).toEqual([
      [newest, ''],
      [first, expect.stringMatching(/^web-[12]$/)],
    ]);
    expect((await fleet.mooring('history')).stdout).toMatch(/told .*by web-[12]/);
  });

  test('and comes back from a backup of before turns no host back, and the next commit takes them over', async () => {
    const file = join(fleet.folder.path, 'fleet.backup');
    const written = await fleet.mooring('backup', file, '--data', fleet.data);
    expect(written.code, written.stderr).toBe(0);
    await fleet.moor('shop changes', { 'stacks/shop/compose.yaml': compose('2') });
    await wellAgain();
    const before = await generation('web-1');
    const lostAtMs = Date.now();
    await fleet.git?.stop();
    await loseHub();

    const restored = await fleet.mooring('restore', file, '--keys', kept, '--data', fleet.data);
    expect(restored.code, restored.stderr).toBe(0);
    await fleet.startHub();
    await eventually('both hosts are ahead', async () => {
      const shown = await hosts();
      expect(shown.map(({ name, ahead }) => [name, ahead])).toEqual([
        ['web-1', true],
        ['web-2', true],
      ]);
      for (const { reason } of shown) expect(reason).toContain('ahead of this hub');
    });
    expect(await generation('web-1')).toBeLessThan(before);

    await fleet.startGit();
    await wellAgain();
    expect((await hosts()).map(({ ahead }) => ahead)).toEqual([false, false]);
    expect(await changesSince(lostAtMs)).toEqual([]);
    expect(await generation('web-1')).toBeGreaterThan(before);
    for (const { name } of fleet.hosts) {
      const refused = (await fleet.events()).filter(({ kind, host }) => host === name && kind === 'assignment.refused');
      expect(refused).toEqual([]);
    }
    await fleet.moor('and it goes on', { 'stacks/shop/compose.yaml': compose('3') });
  });
});

test('a hub whose disk is full goes on recording, and says so until there is room', async () => {
  const folder = join(fleet.folder.path, 'full');
  mkdirSync(folder);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder]);
  try {
    const file = join(folder, 'hub.db');
    createStore({ file, fleetId: 'fleet' });
    const store = await openStore({ file, fleetId: 'fleet', clock: Date.now });
    try {
      await eventually('ballast lies there', () => expect(existsSync(`${file}.ballast`)).toBe(true));
      const { bavail, bsize } = statfsSync(folder);
      await run('fallocate', ['-l', String(bavail * bsize), join(folder, 'filler')]);
      const message = 'x'.repeat(10_000);
      for (let count = 0; count < 100; count++) await store.addHubEvent({ kind: 'hub.test', severity: 1, message });
      expect(store.problem()).toMatchObject({ code: 'DISK_FULL' });
      expect(existsSync(`${file}.ballast`)).toBe(false);
      const kinds = store.events({ limit: 200 }).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'disk.full')).toEqual(['disk.full']);
      expect(kinds).toHaveLength(101);
      rmSync(join(folder, 'filler'));
      await eventually('there is room again', () => expect(store.problem()).toBeUndefined());
      expect(existsSync(`${file}.ballast`)).toBe(true);
    } finally {
      await store.close();
    }
  } finally {
    await run('umount', [folder]);
  }
});
