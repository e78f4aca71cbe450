import { digestOf, MAX_BROKER_OBJECT_BYTES, MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import type { EventDraft } from '../apply/ports.ts';
import { type ObjectOrigins, objectSource } from './object-source.ts';

const bytes = Buffer.from('sealed bytes');
const object = digestOf(bytes);
const junk = Buffer.from('junk');
const down = (code: 'BROKER_UNREACHABLE' | 'HUB_UNREACHABLE') => () =>
  Promise.reject(new MooringError(code, 'Cannot ask: down; up'));
const gives = (answer: Uint8Array | undefined) => () => Promise.resolve(answer);
const refused = (code: string) => expect.objectContaining({ code });

/** Fetches the object, and says what was asked and told on the way. */
async function fetched(
  origins: { broker?: ObjectOrigins['broker']; hub?: () => Promise<Uint8Array | undefined> },
  plainSize = 10,
) {
  const asked: string[] = [];
  const told: EventDraft[] = [];
  const { broker = gives(undefined), hub = down('HUB_UNREACHABLE') } = origins;
  const fetch = objectSource({
    broker: (name) => {
      asked.push('broker');
      return broker(name);
    },
    hub: async (_, maxBytes) => {
      asked.push(`hub for ${maxBytes}`);
      return (await hub()) ?? junk;
    },
    tell: (event) => void told.push(event),
  });
  const secret = { object, plainDigest: object, plainSize, key: Buffer.of(), nonce: Buffer.of() };
  const outcome = await fetch(secret).catch((error: unknown) => error);
  return { outcome, asked, told };
}

describe('an object', () => {
  test('comes from the broker, and the hub is left alone', async () => {
    expect(await fetched({ broker: gives(bytes) })).toEqual({ outcome: bytes, asked: ['broker'], told: [] });
  });

  test.each([
    ['does not hold it', gives(undefined)],
    ['is away', down('BROKER_UNREACHABLE')],
  ])('comes from the hub when the broker %s, at most as large as announced', async (_, broker) => {
    const { outcome, asked, told } = await fetched({ broker, hub: gives(bytes) });
    expect(outcome).toBe(bytes);
    expect(asked).toEqual(['broker', 'hub for 26']);
    expect(told).toEqual([]);
  });

  test('comes from the hub, with a security event, when the broker sends other bytes', async () => {
    const { outcome, told } = await fetched({ broker: gives(junk), hub: gives(bytes) });
    expect(outcome).toBe(bytes);
    expect(told).toMatchObject([{ kind: 'object.refused', code: 'OBJECT_DIGEST', severity: 4, object }]);
  });

  test('that is too large for the broker is asked of the hub alone', async () => {
    const { asked } = await fetched({ hub: gives(bytes) }, MAX_BROKER_OBJECT_BYTES - 15);
    expect(asked).toEqual([`hub for ${MAX_BROKER_OBJECT_BYTES + 1}`]);
    expect((await fetched({ broker: gives(bytes) }, MAX_BROKER_OBJECT_BYTES - 16)).asked).toEqual(['broker']);
  });

  test('that nobody has now is missing, with both reasons', async () => {
    const { outcome } = await fetched({ broker: down('BROKER_UNREACHABLE') });
    expect(outcome).toEqual(refused('OBJECT_MISSING'));
    expect(String(outcome)).toContain('Cannot ask: down; up and Cannot ask: down; up');
  });

  test('of which only wrong bytes are to be had is refused as such', async () => {
    expect((await fetched({ broker: gives(junk) })).outcome).toEqual(refused('OBJECT_DIGEST'));
    expect((await fetched({ hub: gives(junk) })).outcome).toEqual(refused('OBJECT_DIGEST'));
  });

  test('is not taken for missing when the program is wrong', async () => {
    const mistake = new TypeError('not a function');
    expect((await fetched({ broker: () => Promise.reject(mistake) })).outcome).toBe(mistake);
  });
});
