import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectHub, createStore, initFleet, newNkeySeed, nkeyOfSeed, openStore, startHub } from '@mooring/hub';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { storeJoinedHost } from '../support/joined-host.ts';

const HOSTS = 1000;
const STACKS = 20;

let folder: string;
let hub: Awaited<ReturnType<typeof startHub>>;
let client: ReturnType<typeof connectHub>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-scale-'));
  const data = join(folder, 'hub');
  const ports = { grpc: await freePort(), join: await freePort(), nats: await freePort() };
  const fleet = await initFleet({ data, name: 'scale', addresses: ['127.0.0.1'], ports, clock: Date.now });
  await addHosts(join(data, 'hub.db'), fleet.id);
  git('init', '--quiet', '--initial-branch=main', '.');
  commit('first', {
    'fleet.yaml': fleetFile(),
    ...Object.fromEntries(stacks().map((name) => [`stacks/${name}/compose.yaml`, composeFile('1')])),
  });
  hub = await startHub({
    data,
    repo: repository(),
    branch: 'main',
    listen: { host: '127.0.0.1', port: ports.grpc },
    nats: undefined,
    natsReload: undefined,
    natsServer: process.env['MOORING_NATS_SERVER'] ?? 'nats-server',
    tokenFile: undefined,
    pollMs: 600_000,
    heartbeatMs: 10_000,
    logLevel: 'error',
  });
  client = connectHub({ socketPath: join(data, 'hub.sock') });
  await client.admin.sync({}, { deadlineMs: 120_000 });
});

afterAll(async () => {
  client?.close();
  await hub?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe(`a fleet of ${HOSTS} hosts with ${STACKS} stacks each`, () => {
  test('is rendered once for each stack, however many hosts share it', async () => {
    expect(await counters()).toMatchObject({ classes_rendered: STACKS, assignments_issued: HOSTS });
  });

  test('has one class rendered and one bundle published when one stack changes', async () => {
    const before = await counters();
    commit('one stack', { 'stacks/stack-07/compose.yaml': composeFile('2') });
    await client.admin.sync({}, { deadlineMs: 120_000 });
    const after = await counters();
    expect(difference(before, after)).toEqual({
      assignments_issued: HOSTS,
      classes_rendered: 1,
      objects_published: 1,
      stalled_ms: expect.any(Number),
    });
  });

  test('gets nothing from a commit that changes nothing rendered', async () => {
    const before = await counters();
    commit('words only', { 'README.md': 'hello', 'stacks/stack-03/compose.yaml': `# a comment\n${composeFile('1')}` });
    const { accepted } = await client.admin.sync({}, { deadlineMs: 120_000 });
    expect(accepted).toBe(true);
    const after = difference(before, await counters());
    expect(after).toMatchObject({ assignments_issued: 0, objects_published: 0 });
  });
});

async function counters(): Promise<Record<string, number>> {
  const { counters: list } = await client.fleet.getHub({});
  return Object.fromEntries(list.map(({ name, value }) => [name, Number(value)]));
}

function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}

async function addHosts(file: string, fleetId: string): Promise<void> {
  createStore({ file, fleetId, clock: Date.now });
  const store = await openStore({ file, fleetId, clock: Date.now });
  await Promise.all(
    Array.from({ length: HOSTS }, (_, index) =>
      storeJoinedHost(store, {
        name: `host-${index}`,
        labels: { role: 'web' },
        nkey: nkeyOfSeed(newNkeySeed()),
      }),
    ),
  );
  await store.close();
}

function stacks(): string[] {
  return Array.from({ length: STACKS }, (_, index) => `stack-${String(index).padStart(2, '0')}`);
}

function fleetFile(): string {
  return ['version: 1', 'stacks:', ...stacks().map((name) => `  ${name}: { hosts: role=web }`), ''].join('\n');
}

function composeFile(value: string): string {
  return `services:\n  app:\n    image: local/plain:1\n    environment: { VALUE: "${value}" }\n`;
}

function repository(): string {
  const path = join(folder, 'fleet');
  mkdirSync(path, { recursive: true });
  return path;
}

function commit(message: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(repository(), path, '..'), { recursive: true });
    writeFileSync(join(repository(), path), text);
  }
  git('add', '--all');
  git('-c', 'user.name=Test', '-c', 'user.email=test@localhost', 'commit', '--quiet', '--message', message);
}

function git(...args: string[]): void {
  execFileSync('git', ['-C', repository(), ...args]);
}
