import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { Forger } from '../support/forger.ts';
import { changesSince } from '../support/witness.ts';

let fleet: Fleet;
let forger: Forger;

const compose = (version: string) =>
  `services:\n  app:\n    image: local/plain:1\n    environment: { VERSION: "${version}" }\n    healthcheck: { test: "true", interval: 500ms }\n`;

beforeAll(async () => {
  fleet = await startFleet([{ name: 'web-1', engine: '26', labels: { role: 'web' } }], {
    'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: role=web }\n',
    'stacks/shop/compose.yaml': compose('1'),
  });
  await fleet.mooring('wait', '--timeout', '180s');
  // What an attacker has: everything that was ever sent, the broker, and for some attacks a stolen key.
  await fleet.hub?.stop();
  forger = await Forger.against(fleet, 'web-1');
  await fleet.startHub();
  await eventually('the host is back', async () => expect((await fleet.json('host', 'web-1')).host.online).toBe(true));
});

afterAll(async () => {
  await fleet?.close();
});

const DAY_MS = 86_400_000n;
const { privateKey: strangeKey } = generateKeyPairSync('ed25519');

describe('an assignment from whoever owns the broker', () => {
  test.each<[string, string, () => Uint8Array | Promise<Uint8Array>]>([
    ['that is no envelope', 'ASSIGNMENT_FORMAT', () => Buffer.from('hello')],
    [
      'that was altered',
      'ASSIGNMENT_SIGNATURE',
      () => altered(forger.sign({ generation: forger.assignment.generation + 1n })),
    ],
    [
      'that an unknown key signed',
      'ASSIGNMENT_KEY_UNKNOWN',
      () => forger.sign({ generation: forger.assignment.generation + 1n }, { key: strangeKey }),
    ],
    [
      'of another type',
      'ASSIGNMENT_TYPE',
      () => forger.sign({}, { type: 'application/vnd.mooring.trust.v1+protobuf' }),
    ],
    [
      'of another fleet',
      'ASSIGNMENT_WRONG_FLEET',
      () => forger.sign({ fleetId: '00000000-0000-7000-8000-000000000000' }),
    ],
    ['of another host', 'ASSIGNMENT_WRONG_HOST', () => forger.sign({ host: 'web-2' })],
    ['that is older', 'ASSIGNMENT_ROLLBACK', () => forger.sign({ generation: forger.assignment.generation - 1n })],
    [
      'of the same generation with other content',
      'ASSIGNMENT_EQUIVOCATION',
      () => forger.sign({ reason: 'another one' }),
    ],
    ['from the future', 'ASSIGNMENT_FUTURE', () => forger.sign({ generation: BigInt(Date.now()) + 2n * DAY_MS })],
  ])('%s is refused, and nothing changes', async (_, code, make) => {
    const before = Date.now();
    const started = await fleet.host('web-1').startTimes();
    await forger.push(await make());
    await eventually(`${code} is told`, async () => {
      const { stdout } = await fleet.mooring('events', '--host', 'web-1', '--limit', '100');
      expect(stdout).toContain(code);
    });
    expect(await changesSince(fleet.host('web-1').engine.docker, before)).toEqual([]);
    expect(await fleet.host('web-1').startTimes()).toEqual(started);
  });

  test('that is genuine and newer is applied: the control', async () => {
    const before = Date.now();
    await fleet.moor('control', { 'stacks/shop/compose.yaml': compose('2') });
    const actions = (await changesSince(fleet.host('web-1').engine.docker, before)).map(
      ({ type, action }) => `${type} ${action}`,
    );
    expect(actions).toContain('container create');
  });

  test('that names an object with other bytes, or a bundle with an unknown feature, changes nothing', async () => {
    // The control above moved the host on: the attacker takes the newest again.
    await fleet.hub?.stop();
    forger = await Forger.against(fleet, 'web-1');
    await fleet.startHub();
    await eventually('the host is back', async () =>
      expect((await fleet.json('host', 'web-1')).host.online).toBe(true),
    );
    const before = Date.now();
    for (const [code, envelope] of [
      ['OBJECT_DIGEST', await forger.withWrongObject()],
      ['BUNDLE_FEATURE_UNKNOWN', await forger.withBundle((bundle) => ({ ...bundle, requires: ['teleport.v9'] }))],
    ] as const) {
      await forger.push(envelope);
      await eventually(`${code} is told`, async () => {
        const { stdout } = await fleet.mooring('events', '--host', 'web-1', '--limit', '100');
        expect(stdout).toContain(code);
      });
    }
    expect(await changesSince(fleet.host('web-1').engine.docker, before)).toEqual([]);
  });
});

function altered(envelope: Uint8Array): Uint8Array {
  const document = JSON.parse(Buffer.from(envelope).toString());
  const payload = Buffer.from(document.payload, 'base64');
  payload.writeUInt8(payload.readUInt8(payload.length - 1) ^ 1, payload.length - 1);
  return Buffer.from(JSON.stringify({ ...document, payload: payload.toString('base64') }));
}
