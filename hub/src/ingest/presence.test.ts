import { beforeEach, expect, test } from 'vitest';
import { heartbeatInterval } from './pace.ts';
import { type Arrival, Presence } from './presence.ts';

let now: number;
/** By how much the clock was set. */
let setMs: number;
let presence: Presence;
let told: string[];

beforeEach(() => {
  now = 1000;
  setMs = 0;
  presence = new Presence({ clock: () => now + setMs, monotonicMs: () => now }, new Map([['web-9', 400]]));
  told = [];
  presence.subscribe((host) => told.push(`${host} ${presence.sighting(host).online ? 'online' : 'offline'}`));
});

function arrival(host: string, change: Partial<Arrival> = {}): Arrival {
  const ends = { send: () => undefined, supersede: () => undefined };
  return { host, bootId: 'boot', machineId: 'machine', questions: [], ...ends, ...change };
}

test('a host is offline after three intervals without a sign of life, and is told once', () => {
  const { connection } = presence.open(arrival('web-1'), 100);
  now += 300;
  presence.sweep();
  expect(presence.sighting('web-1').online).toBe(true);
  now += 1;
  expect(presence.sighting('web-1')).toEqual({ online: false, lastSeenMs: 1000, reported: false });
  presence.sweep();
  presence.sweep();
  expect(told).toEqual(['web-1 online', 'web-1 offline']);
  connection.seen(100);
  expect(presence.sighting('web-1')).toMatchObject({ online: true, lastSeenMs: 1301 });
  expect(presence.onlineCount()).toBe(1);
});

test('a clock that is set back keeps no silent host online, and one that is set ahead takes no live one off', () => {
  presence.open(arrival('web-1'), 100);
  setMs = 3_600_000;
  expect(presence.sighting('web-1').online).toBe(true);
  setMs = -3_600_000;
  now += 301;
  expect(presence.sighting('web-1').online).toBe(false);
});

test('a stream that ends leaves the host online until its heartbeats stay away', () => {
  const { connection } = presence.open(arrival('web-1'), 100);
  connection.close();
  expect(presence.sighting('web-1').online).toBe(true);
  expect(presence.connection('web-1')).toBeUndefined();
});

test('what is remembered from before says when, never that a host is there', () => {
  now = 401;
  expect(presence.sighting('web-9')).toEqual({ online: false, lastSeenMs: 400, reported: false });
  expect(presence.sighting('nobody').lastSeenMs).toBe(0);
});

test('the same boot keeps its report over a new stream and another boot does not', () => {
  presence.open(arrival('web-1'), 100).connection.reported();
  presence.open(arrival('web-1'), 100);
  expect(presence.sighting('web-1').reported).toBe(true);
  presence.open(arrival('web-1', { bootId: 'next' }), 100);
  expect(presence.sighting('web-1').reported).toBe(false);
});

test('an older stream neither speaks nor ends for the newer one', () => {
  const older = presence.open(arrival('web-1'), 100).connection;
  const newer = presence.open(arrival('web-1'), 100).connection;
  now += 200;
  older.seen(100);
  older.close();
  expect(presence.sighting('web-1').lastSeenMs).toBe(1000);
  expect(presence.connection('web-1')).toBe(newer);
});

test('a host that left is forgotten, its stream ends, and its number is free', () => {
  let ended = false;
  presence.open(
    arrival('web-1', {
      supersede: () => {
        ended = true;
      },
    }),
    100,
  );
  presence.forget('web-1');
  expect([ended, presence.onlineCount(), presence.sighting('web-1').lastSeenMs]).toEqual([true, 0, 0]);
});

test('the pace slows down so that the hub takes at most 500 heartbeats in a second', () => {
  expect([0, 5000, 5001, 10_000].map((agents) => heartbeatInterval(10_000, agents))).toEqual([
    10_000, 10_000, 10_002, 20_000,
  ]);
});

test('a hub that was held up takes no host for silent that could not be heard meanwhile, and says how long', () => {
  presence.open(arrival('web-1'), 10_000);
  presence.look();
  now += 500;
  presence.look();
  now += 60_000;
  // Whoever asks before the next look gets no other answer than after it.
  expect(presence.sighting('web-1').online).toBe(true);
  presence.look();
  expect([told, presence.stalledMs]).toEqual([['web-1 online'], 58_000]);
  for (let look = 0; look < 55; look += 1) {
    now += 500;
    presence.look();
  }
  expect(presence.sighting('web-1').online).toBe(true);
  now += 1;
  expect(presence.sighting('web-1').online).toBe(false);
});
