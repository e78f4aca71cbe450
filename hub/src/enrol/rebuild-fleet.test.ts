import { X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Fleet } from './fleet.ts';
import { initFleet } from './init-fleet.ts';
import { rebuildFleet } from './rebuild-fleet.ts';

const ports = { grpc: 1, join: 2, nats: 3 };
let root: string;
let lost: Fleet;
let folder: string;
let keys: string;

const rebuild = (addresses: readonly string[] = []) =>
  rebuildFleet({ data: join(folder, 'again'), keys, addresses, clock: Date.now });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'mooring-rebuild-'));
  const wanted = { name: 'home', addresses: ['hub.example'], ports, clock: Date.now };
  lost = await initFleet({ ...wanted, data: join(root, 'lost') });
  await initFleet({ ...wanted, data: join(root, 'other') });
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  keys = join(folder, 'kept');
  cpSync(join(root, 'lost', 'keys'), keys, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a fleet that is made again from its keys is the same fleet', async () => {
  rmSync(join(keys, 'root.key'));
  const fleet = await rebuild();
  const { caKey: _a, assignmentKey: _b, ...rest } = fleet;
  const { caKey: _c, assignmentKey: _d, ...before } = lost;
  expect(rest).toEqual(before);
  expect(fleet.assignmentKey.equals(lost.assignmentKey)).toBe(true);
});

test('a fleet that is made again elsewhere has a certificate for its new addresses', async () => {
  const fleet = await rebuild(['new.example', '192.0.2.1']);
  expect(fleet.addresses).toEqual(['new.example', '192.0.2.1']);
  const certificate = new X509Certificate(fleet.serverCertificatePem);
  expect(certificate.checkHost('new.example')).toBe('new.example');
  expect(certificate.checkIP('192.0.2.1')).toBe('192.0.2.1');
});

const REFUSED: readonly (readonly [what: string, spoil: () => void, code: string])[] = [
  ['a folder that is not there', () => rmSync(keys, { recursive: true }), 'STATE_CORRUPT'],
  ['keys without their documents', () => rmSync(join(keys, 'fleet.json')), 'STATE_CORRUPT'],
  ['keys of which one is missing', () => rmSync(join(keys, 'data.secret')), 'STATE_CORRUPT'],
  [
    'keys of two fleets',
    () => {
      rmSync(join(keys, 'assignment.key'));
      cpSync(join(root, 'other', 'keys', 'assignment.key'), join(keys, 'assignment.key'));
    },
    'FLEET_MISMATCH',
  ],
  [
    'a place that is taken',
    () => {
      mkdirSync(join(folder, 'again'));
      writeFileSync(join(folder, 'again', 'hub.db'), '');
    },
    'FLEET_EXISTS',
  ],
];

test.each(REFUSED)('%s is refused, and nothing is left behind', async (_what, spoil, code) => {
  spoil();
  const before = readdirSync(folder);
  await expect(rebuild()).rejects.toMatchObject({ code, message: expect.stringMatching(/^Cannot .+: .+; .+/) });
  expect(readdirSync(folder)).toEqual(before);
});
