import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, PORTS, startFleet } from '../support/fleet.ts';
import { HUB_ADDRESS } from '../support/network.ts';
import { Program } from '../support/program.ts';
import { type Ended, run } from '../support/run.ts';
import { ROOT } from '../support/tools.ts';

// A client that shares no line with Mooring: Go, and all it knows of the services comes from the hub's reflection.
// The program itself: the script in front of it does not hand signals on.
const BUF = join(
  ROOT,
  'node_modules',
  '@bufbuild',
  `buf-linux-${process.arch === 'x64' ? 'x64' : 'aarch64'}`,
  'bin',
  'buf',
);
const CURL_FLAGS = ['curl', '--protocol', 'grpc'];
const DENIED = 5;
/** With TLS 1.3 a client has sent its call when the hub refuses its certificate: it depends on the moment which end of the connection it sees. */
const CUT_OFF = /unavailable|connection reset|broken pipe|EOF|closed network connection|remote error: tls/;

/** A certificate with its key and authority, each in a file of PEM as other clients want them. */
interface PemFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

let fleet: Fleet;
let viewer: PemFiles;

const compose = (tag: string): string =>
  `services:\n  app:\n    image: local/plain:${tag}\n    healthcheck: { test: "true", interval: 500ms }\n`;

beforeAll(async () => {
  fleet = await startFleet([{ name: 'web-1', engine: '28', labels: { role: 'web' } }], {
    'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: role=web, drift: report }\n',
    'stacks/shop/compose.yaml': compose('1'),
  });
  const waited = await fleet.mooring('wait', '--timeout', '180s');
  expect(waited.code, waited.stdout + waited.stderr).toBe(0);
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    const added = await fleet.mooring('user', 'add', role, '--role', role, '--out', contextOf(role));
    expect(added.code, added.stderr).toBe(0);
  }
  viewer = pemFiles('viewer');
});

afterAll(async () => {
  await fleet?.close();
});

const contextOf = (name: string): string => join(fleet.folder.path, `${name}.json`);
const urlOf = (method: string): string => `https://${HUB_ADDRESS}:${PORTS.grpc}/mooring.v1.${method}`;
const filesOf = ({ ca, cert, key }: PemFiles): string[] => ['--cacert', ca, '--cert', cert, '--key', key];

/** Takes a context apart. */
function pemFiles(name: string): PemFiles {
  const { ca, certificate, key } = JSON.parse(readFileSync(contextOf(name), 'utf8'));
  return Object.fromEntries(
    Object.entries({ ca, cert: certificate, key }).map(([part, text]) => {
      const file = join(fleet.folder.path, `${name}.${part}.pem`);
      writeFileSync(file, String(text), { mode: 0o600 });
      return [part, file];
    }),
  ) as unknown as PemFiles;
}

/** Calls a method; what it answers, or how it was refused. */
async function curl(method: string, request: object, flags: readonly string[]): Promise<string> {
  const ended = await call(method, request, flags);
  return ended.code === 0 ? ended.stdout : ended.stderr;
}

function call(method: string, request: object, flags: readonly string[]): Promise<Ended> {
  return fleet.inHubNetwork(BUF, ...CURL_FLAGS, ...flags, '-d', JSON.stringify(request), urlOf(method));
}

describe('an independent client with the certificate of a viewer', () => {
  test('learns the services by reflection', async () => {
    const listed = await fleet.inHubNetwork(
      BUF,
      ...CURL_FLAGS,
      ...filesOf(viewer),
      '--list-methods',
      `https://${HUB_ADDRESS}:${PORTS.grpc}`,
    );
    expect(listed.code, listed.stderr).toBe(0);
    for (const method of ['FleetService/GetStatus', 'FleetService/ListDrift', 'AdminService/Invite'])
      expect(listed.stdout).toContain(`mooring.v1.${method}`);
  });

  test('gets the status of the fleet', async () => {
    const { hosts, accepted } = JSON.parse(await curl('FleetService/GetStatus', {}, filesOf(viewer)));
    expect(hosts).toMatchObject({ total: 1, online: 1 });
    expect(accepted.commit).toBe(fleet.repository.head());
  });

  test('gets drift, down to the field, and watches the events that tell of it', async () => {
    const events = new Program({
      namespace: fleet.network.hub,
      command: BUF,
      args: [...CURL_FLAGS, ...filesOf(viewer), '-d', '{}', urlOf('FleetService/WatchEvents')],
      log: join(fleet.folder.path, 'watch.log'),
    });
    await fleet.host('web-1').engine.docker.getContainer('shop-app-1').stop({ t: 0 });
    await eventually('the drift is told', async () => {
      const answer = JSON.parse(await curl('FleetService/ListDrift', { host: 'web-1' }, filesOf(viewer)));
      expect(JSON.stringify(answer)).toContain('shop-app-1');
      expect(JSON.stringify(answer)).toContain('state');
    });
    await eventually('the event comes down the stream', () => expect(events.output).toContain('drift.found'));
    await events.stop();
    await fleet.host('web-1').engine.docker.getContainer('shop-app-1').start();
  });

  test('may not change anything', async () => {
    expect(await curl('AdminService/Invite', { host: 'web-9' }, filesOf(viewer))).toMatch(/permission_denied/);
    expect(await curl('AdminService/Sync', {}, filesOf(viewer))).toMatch(/permission_denied/);
    expect(await curl('AgentService/Leave', {}, filesOf(viewer))).toMatch(/permission_denied/);
  });
});

describe('without a certificate that the fleet issued to a person', () => {
  test.each<[string, () => string[] | Promise<string[]>]>([
    ['none', () => ['--cacert', viewer.ca]],
    ['one of another authority', async () => filesOf(await strange())],
    ['one that has ended', async () => filesOf(await issued('ended', ['-days', '-1']))],
  ])('an independent client with %s is not let in', async (_, flags) => {
    // Reflection is refused as well, so this one brings the schema with it.
    const ended = await call('FleetService/GetStatus', {}, [...(await flags()), '--schema', join(ROOT, 'proto')]);
    expect(ended.code).not.toBe(0);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toMatch(CUT_OFF);
  });

  test('a host gets no view of the fleet', async () => {
    const folder = join(fleet.host('web-1').data, 'identity');
    const files = { ca: join(folder, 'ca.crt'), cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
    expect(await curl('FleetService/GetStatus', {}, filesOf(files))).toMatch(/permission_denied/);
  });
});

describe('the command line', () => {
  test('of each role may do what its role may, and ends with 5 where it may not', async () => {
    for (const role of ['viewer', 'operator', 'admin']) {
      expect((await fleet.mooringFrom(contextOf(role), 'status')).code).toBe(0);
      const invited = await fleet.mooringFrom(contextOf(role), 'invite', `of-${role}`);
      expect([role, invited.code]).toEqual([role, role === 'admin' ? 0 : DENIED]);
      if (role !== 'admin') expect(invited.stderr).toContain(`PERMISSION_DENIED: Cannot`);
      const synced = await fleet.mooringFrom(contextOf(role), 'sync');
      expect([role, synced.code]).toEqual([role, role === 'viewer' ? DENIED : 0]);
    }
  });

  test.each<[string, string, () => object | Promise<object>]>([
    ['no certificate', 'CERT_MISSING', () => ({ certificate: '' })],
    ['a certificate that is none', 'CERT_FORMAT', () => ({ certificate: 'garbage' })],
    ['the key of somebody else', 'CERT_MISMATCH', () => ({ key: readFileSync(pemFiles('admin').key, 'utf8') })],
    ['a certificate of another authority', 'CERT_MISMATCH', async () => texts(await strange())],
    ['a certificate that has ended', 'CERT_EXPIRED', async () => texts(await issued('ended', ['-days', '-1']))],
    [
      'a certificate that the hub does not know',
      'UNAUTHENTICATED',
      async () => texts(await issued('nobody', ['-days', '1'])),
    ],
  ])('says why %s does not do, and ends with 5', async (_, code, change) => {
    const file = contextOf('changed');
    const context = JSON.parse(readFileSync(contextOf('viewer'), 'utf8'));
    writeFileSync(file, JSON.stringify({ ...context, ...(await change()) }), { mode: 0o600 });
    const ended = await fleet.mooringFrom(file, 'status');
    expect(ended.stderr).toMatch(new RegExp(`^${code}: Cannot .*; .* wanted`));
    expect(ended.code).toBe(DENIED);
  });

  test('says that a person was revoked, and that a context is missing', async () => {
    expect((await fleet.mooring('revoke', '--user', 'operator', '--yes')).code).toBe(0);
    const revoked = await fleet.mooringFrom(contextOf('operator'), 'status');
    expect(revoked.stderr).toContain('USER_REVOKED');
    expect(revoked.code).toBe(DENIED);
    const missing = await fleet.mooringFrom(contextOf('nobody'), 'status');
    expect(missing.stderr).toContain('CERT_MISSING');
    expect(missing.stderr).toContain('mooring user add');
    expect(missing.code).toBe(DENIED);
  });
});

const texts = ({ cert, key }: PemFiles) => ({
  certificate: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});

/** A certificate that the fleet's own authority signs for whoever has its key. */
async function issued(name: string, flags: readonly string[]): Promise<PemFiles> {
  const keys = join(fleet.data, 'keys');
  return sign(name, [...flags, '-CA', join(keys, 'ca.crt'), '-CAkey', join(keys, 'ca.key')]);
}

/** A certificate that its own key signs. */
function strange(): Promise<PemFiles> {
  return sign('strange', ['-days', '1', '-signkey', keyFile('strange')]);
}

function keyFile(name: string): string {
  const file = join(fleet.folder.path, `${name}.key.pem`);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return file;
}

async function sign(name: string, flags: readonly string[]): Promise<PemFiles> {
  const key = flags.includes('-signkey') ? String(flags.at(-1)) : keyFile(name);
  const at = (part: string) => join(fleet.folder.path, `${name}.${part}`);
  writeFileSync(at('ext'), 'extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n');
  await run('openssl', ['req', '-new', '-key', key, '-subj', '/', '-out', at('csr')]);
  await run('openssl', ['x509', '-req', '-in', at('csr'), '-extfile', at('ext'), '-out', at('cert.pem'), ...flags]);
  return { ca: viewer.ca, cert: at('cert.pem'), key };
}
