import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { initFleet } from './init-fleet.ts';
import { openFleet } from './open-fleet.ts';
import { parseCertificate } from './x509.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-01-01T00:00:00Z');
let parent: string;
let data: string;

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'mooring-fleet-'));
  data = join(parent, 'data');
  await init();
});

afterEach(() => rmSync(parent, { recursive: true }));

const ports = { grpc: 7443, join: 7444, nats: 7445 };
const init = (change: object = {}) =>
  initFleet({ data, name: 'home', addresses: ['hub.lan', '10.0.0.1'], ports, clock: () => NOW, ...change });
const open = (nowMs = NOW) => openFleet({ data, clock: () => nowMs });

describe('a new fleet', () => {
  test('keeps its keys to itself', () => {
    expect(statSync(data).mode & 0o777).toBe(0o700);
    const modes = readdirSync(join(data, 'keys')).map((name) => [
      name,
      statSync(join(data, 'keys', name)).mode & 0o777,
    ]);
    for (const [name, mode] of modes)
      expect([name, mode]).toEqual([name, String(name).endsWith('.crt') ? 0o444 : 0o400]);
    expect(modes).toHaveLength(11);
  });

  test('is never made over another, nor among other files, and leaves nothing when refused', async () => {
    const before = readFileSync(join(data, 'keys', 'ca.key'));
    await expect(init()).rejects.toMatchObject({ code: 'FLEET_EXISTS' });
    expect(readFileSync(join(data, 'keys', 'ca.key'))).toEqual(before);
    writeFileSync(join(parent, 'file'), '');
    await expect(init({ data: parent })).rejects.toMatchObject({ code: 'FLEET_EXISTS' });
    await expect(init({ data: join(parent, 'x'), addresses: [] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(init({ data: join(parent, 'x'), addresses: ['a:1'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(init({ data: join(parent, 'x'), name: 'No' })).rejects.toMatchObject({ code: 'NAME_INVALID' });
    expect(readdirSync(parent).sort()).toEqual(['data', 'file']);
  });
});

describe('a fleet', () => {
  test('opens as it was made, also without its root key', async () => {
    rmSync(join(data, 'keys', 'root.key'));
    const fleet = await open();
    expect(fleet).toMatchObject({ name: 'home', addresses: ['hub.lan', '10.0.0.1'], ports });
    expect(parseCertificate(fleet.serverCertificatePem).subjectAltName).toBe(
      `URI:spiffe://${fleet.id}/hub, DNS:hub.lan, IP Address:10.0.0.1, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1`,
    );
  });

  test.each(['keys/ca.key', 'keys/object.secret', 'keys/hub.nk', 'trust.json', 'keys', '.'])(
    'is refused while others may read %s',
    async (path) => {
      chmodSync(join(data, path), 0o755);
      await expect(open()).rejects.toMatchObject({ code: 'KEY_PERMISSIONS' });
    },
  );

  test('renews its server certificate 30 days before its end, and when it gets an address', async () => {
    const first = (await open(NOW + 300 * DAY_MS)).serverCertificatePem;
    const second = (await open(NOW + 340 * DAY_MS)).serverCertificatePem;
    expect(second).not.toBe(first);
    expect((await open(NOW + 340 * DAY_MS)).serverCertificatePem).toBe(second);
    const document = JSON.parse(readFileSync(join(data, 'fleet.json'), 'utf8'));
    writeFileSync(join(data, 'fleet.json'), JSON.stringify({ ...document, addresses: ['new.lan'] }));
    const third = parseCertificate((await open(NOW + 340 * DAY_MS)).serverCertificatePem);
    expect(third.checkHost('new.lan')).toBe('new.lan');
  });

  test('renews a server certificate that a clock which was ahead dated into the future', async () => {
    const ahead = (await open(NOW + 400 * DAY_MS)).serverCertificatePem;
    expect(parseCertificate(ahead).validFromDate.getTime()).toBeGreaterThan(NOW);
    const right = (await open(NOW)).serverCertificatePem;
    expect(parseCertificate(right).validFromDate.getTime()).toBeLessThan(NOW);
    expect((await open(NOW)).serverCertificatePem).toBe(right);
  });

  test('is refused when a part is missing, damaged, or of another fleet', async () => {
    const other = join(parent, 'other');
    await init({ data: other });
    for (const [name, code] of [
      ['trust.json', 'FLEET_MISMATCH'],
      ['keys/ca.key', 'CERT_MISMATCH'],
      ['keys/hub.key', 'CERT_MISMATCH'],
      ['keys/assignment.key', 'FLEET_MISMATCH'],
    ] as const) {
      const own = readFileSync(join(data, name));
      rmSync(join(data, name));
      await expect(open(), name).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
      writeFileSync(join(data, name), readFileSync(join(other, name)), { mode: 0o400 });
      await expect(open(), name).rejects.toMatchObject({ code });
      rmSync(join(data, name));
      writeFileSync(join(data, name), own, { mode: 0o400 });
    }
    writeFileSync(join(data, 'fleet.json'), '{"version":1}');
    await expect(open()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    await expect(openFleet({ data: parent, clock: () => NOW })).rejects.toMatchObject({ code: 'FLEET_MISSING' });
  });
});
