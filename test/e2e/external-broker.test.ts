import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containerOn } from '../support/containers.ts';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { importNatsImage, NATS_IMAGE } from '../support/nats-image.ts';
import { run } from '../support/run.ts';
import { ROOT } from '../support/tools.ts';

const HUP = join(ROOT, 'test', 'support', 'hup-container.mjs');
const BROKER = 'broker';
const PORT = 4222;

let fleet: Fleet;
let broker: StartedTestContainer;
let url: string;

const compose = (version: string): string =>
  `services:\n  app:\n    image: local/plain:1\n    environment: { VERSION: "${version}" }\n    healthcheck: { test: "true", interval: 500ms }\n`;
const accounts = (): string => join(fleet.data, 'broker', 'accounts.conf');

beforeAll(async () => {
  fleet = await startFleet([{ name: 'web-1', engine: '28', joined: false }], {
    'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: [web-1] }\n',
    'stacks/shop/compose.yaml': compose('1'),
  });
  const host = fleet.host('web-1');
  url = `tls://${host.address}:${PORT}`;
  await importNatsImage(fleet.folder.path, host.engine.socket);
  await fleet.hub?.stop();
});

afterAll(async () => {
  await broker?.stop();
  await fleet?.close();
});

describe('a broker that somebody else runs, in a container', () => {
  test('is not there yet: the hub runs, writes its accounts, and says what is wrong', async () => {
    await fleet.startHub('--nats', url, '--nats-reload', reloadProgram());
    expect(readFileSync(accounts(), 'utf8')).toContain('HUB {');
    await eventually('the check says it', async () => {
      const { stdout, code } = await fleet.mooring('doctor');
      expect(stdout).toMatch(/WRONG +broker/);
      expect(code).toBe(1);
    });
  });

  test('starts with the configuration that ships, and the hub finds it', async () => {
    broker = await startBroker();
    await eventually('the check is content', async () => {
      const { stdout } = await fleet.mooring('doctor');
      expect(stdout).toMatch(/ok +broker/);
    });
  });

  test('lets a host in that joins, without a restart', async () => {
    await fleet.join(fleet.host('web-1'), {});
    const waited = await fleet.mooring('wait', '--timeout', '180s');
    expect(waited.code, waited.stdout + waited.stderr).toBe(0);
    await eventually('the host is connected to it', () =>
      expect(fleet.host('web-1').agent?.output).toContain('connected to the broker'),
    );
    expect(fleet.host('web-1').agent?.output).toContain(url);
    expect((await logs()).match(/Server is ready/g)).toHaveLength(1);
  });

  test('carries a commit to the host', async () => {
    await fleet.moor('second', { 'stacks/shop/compose.yaml': compose('2') });
    const streams = join(fleet.folder.path, 'nats', 'jetstream', 'jetstream', 'HUB', 'streams');
    expect(readdirSync(streams).sort()).toEqual(['ASSIGNMENTS', 'OBJECTS']);
  });

  test('is lost with all that it holds: commits arrive all the same, and the next one is filled again', async () => {
    await broker.stop();
    await fleet.moor('third', { 'stacks/shop/compose.yaml': compose('3') });
    broker = await startBroker();
    await eventually('the check is content', async () =>
      expect((await fleet.mooring('doctor')).stdout).toMatch(/ok +broker/),
    );
    await fleet.moor('fourth', { 'stacks/shop/compose.yaml': compose('4') });
  });

  test('closes its door to a host that was revoked', async () => {
    expect(readFileSync(accounts(), 'utf8')).toContain('web-1');
    expect((await fleet.mooring('revoke', 'web-1', '--yes')).code).toBe(0);
    await eventually('its account is gone', () => expect(readFileSync(accounts(), 'utf8')).not.toContain('web-1'));
    await eventually('the broker refuses it', async () => expect(await logs()).toMatch(/authentication error/i));
    expect(await fleet.host('web-1').containers()).toContain('shop-app-1');
  });
});

/** What an operator names with --nats-reload. */
function reloadProgram(): string {
  const file = join(fleet.folder.path, 'reload.sh');
  const { socket } = fleet.host('web-1').engine;
  writeFileSync(file, `#!/bin/sh\nexec ${process.execPath} ${HUP} ${socket} ${BROKER} "$1"\n`, { mode: 0o700 });
  return file;
}

async function startBroker(): Promise<StartedTestContainer> {
  const folder = await brokerFolder();
  return await containerOn(fleet.host('web-1').engine, NATS_IMAGE)
    .withName(BROKER)
    .withExposedPorts({ container: PORT, host: PORT })
    .withBindMounts([
      { source: folder, target: '/etc/nats', mode: 'rw' },
      { source: join(fleet.data, 'broker'), target: '/etc/nats/accounts', mode: 'ro' },
    ])
    .withCommand(['-c', 'nats.conf'])
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .withStartupTimeout(30_000)
    .start();
}

/** The configuration that ships, with a certificate of the fleet's authority: as its comment says. */
async function brokerFolder(): Promise<string> {
  const folder = join(fleet.folder.path, 'nats');
  if (existsSync(folder)) return folder;
  mkdirSync(join(folder, 'accounts'), { recursive: true });
  copyFileSync(join(ROOT, 'deploy', 'broker', 'nats.conf'), join(folder, 'nats.conf'));
  const at = (name: string): string => join(folder, name);
  const keys = join(fleet.data, 'keys');
  writeFileSync(at('ext'), `subjectAltName=IP:${fleet.host('web-1').address}\nextendedKeyUsage=serverAuth\n`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('server.key')];
  await run('openssl', ['req', '-new', ...key, '-subj', '/', '-out', at('server.csr')]);
  const authority = ['-CA', join(keys, 'ca.crt'), '-CAkey', join(keys, 'ca.key'), '-days', '1'];
  const signed = ['-in', at('server.csr'), '-extfile', at('ext'), '-out', at('server.crt')];
  await run('openssl', ['x509', '-req', ...authority, ...signed]);
  return folder;
}

/** Everything that the broker of now printed. */
async function logs(): Promise<string> {
  const container = fleet.host('web-1').engine.docker.getContainer(broker.getId());
  return (await container.logs({ stdout: true, stderr: true })).toString();
}
