import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubSession, openKeep } from '@mooring/agent';
import { createIngest, createStore, openStore, Presence, Questions } from '@mooring/hub';
import { type ConnectRequest, type ConnectResponse, type Event, Hello, HostState, Severity } from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';

const HOST = 'web-1';
const FLEET = 'fleet';
const SECOND_MS = 1000;
const DAY_MS = 24 * 3600 * SECOND_MS;
/** Something happens every twenty seconds, and every half hour something that somebody should look at. */
const EVENT_EVERY_MS = 20 * SECOND_MS;
const SECURITY_EVERY_MS = 1800 * SECOND_MS;
/** An outbox that a day like this overflows four times. */
const BOUNDS = { events: 1000, bytes: 128 * 1024 };
/** Share of an outbox that may be let go at once. */
const DROPPED_AT_ONCE = 0.05;

let folder: string;
let now: number;
/** Everything that the host told, in order. */
let told: string[];
/** How many events went out, those that went out again among them. */
let sent: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-day-'));
  now = Date.parse('2026-01-01T00:00:00Z');
  told = [];
  sent = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

type Keep = ReturnType<typeof openKeep>;
const openAgent = (): Keep => openKeep(join(folder, 'agent'), { nowMs: () => now, outboxBounds: BOUNDS });

function tell({ outbox }: Keep, severity: Severity): void {
  const message = `${severity === Severity.SEVERITY_SECURITY ? 'security' : 'ordinary'} ${told.length}`;
  told.push(message);
  outbox.tell({ kind: 'test.happened', severity, message }, now);
}

/** A day without a hub; the agent is started again at noon. */
function dayWithoutHub(): Keep {
  let keep = openAgent();
  const begun = now;
  while (now - begun < DAY_MS) {
    now += EVENT_EVERY_MS;
    tell(keep, Severity.SEVERITY_INFO);
    if ((now - begun) % SECURITY_EVERY_MS === 0) tell(keep, Severity.SEVERITY_SECURITY);
    expect(keep.outbox.size).toBeLessThanOrEqual(BOUNDS.events);
    if (now - begun === DAY_MS / 2) {
      keep.close();
      keep = openAgent();
    }
  }
  return keep;
}

async function openHub() {
  const store = await openStore({ file: join(folder, 'hub.db'), fleetId: FLEET, clock: () => now });
  const presence = new Presence({ clock: () => now, monotonicMs: () => now }, store.lastSeen());
  const ingest = createIngest({
    store,
    presence,
    questions: new Questions(presence),
    newest: () => undefined,
    heartbeatMs: 10_000,
    clock: () => now,
    onHello: () => undefined,
    onHostChanged: () => undefined,
    onRefusedAsFuture: () => undefined,
    onOtherAccepted: () => undefined,
    onEvents: () => undefined,
    natsUrls: () => [],
    askBack: async () => ({ askAgainMs: 1 }),
    onLeave: async () => undefined,
    renewCertificate: () => Promise.reject(new Error('nobody renews here')),
    onError: (error) => {
      throw error;
    },
  });
  return { store, ingest };
}

/** A welcome that does not say what is stored: the agent sends again what it was not told of, and the store alone keeps it from counting twice. */
function forgetful(response: ConnectResponse): ConnectResponse {
  const { message } = response;
  if (message?.$case !== 'welcome') return response;
  return { message: { ...message, value: { ...message.value, storedEventSequence: 0n } } };
}

type Hub = Awaited<ReturnType<typeof openHub>>;

/** One stream of the agent to the hub, that breaks before the agent hears of the n-th acknowledgement of events, which the hub has stored. */
async function session(keep: Keep, { ingest }: Hub, breaksAt: number): Promise<void> {
  const waiting: ConnectRequest[] = [];
  let wake = Promise.withResolvers<void>();
  const ended = new AbortController();
  async function* requests(): AsyncGenerator<ConnectRequest> {
    while (!ended.signal.aborted) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else await wake.promise;
    }
  }
  const caller = { kind: 'agent', name: HOST, role: 'agent', identityId: 'one' } as const;
  const responses = ingest.connect(requests(), { caller, signal: ended.signal });
  async function* messages(): AsyncGenerator<ConnectResponse> {
    let acknowledged = 0;
    for await (const response of responses) {
      if (response.message?.$case === 'events') acknowledged += 1;
      if (acknowledged === breaksAt) return;
      yield forgetful(response);
      if (keep.outbox.size === 0) return;
    }
  }
  const end = () => {
    ended.abort();
    wake.resolve();
  };
  await new HubSession({
    conversation: {
      send: (message) => {
        waiting.push(message);
        if (message.message?.$case === 'events') sent += message.message.value.events.length;
        wake.resolve();
        wake = Promise.withResolvers();
        return true;
      },
      drained: async () => undefined,
      messages: messages(),
      end,
    },
    hello: () => Hello.fromPartial({ host: HOST, protocol: 1, outboxId: keep.outbox.id, bootId: 'boot' }),
    snapshot: () => ({
      host: HostState.fromPartial({ observedAtMs: BigInt(now), acceptedGeneration: 9n }),
      stacks: [],
    }),
    outbox: keep.outbox,
    onWelcome: () => undefined,
    onNewest: () => undefined,
    onQuestion: () => undefined,
    nowMs: () => now,
  }).run();
}

/** Everything that the hub has of the host, oldest first. */
function stored({ store }: Hub): Event[] {
  const events: Event[] = [];
  for (;;) {
    const page = store.events({ host: HOST, limit: 1000, aboveCursor: events.at(-1)?.cursor ?? 0n });
    if (page.length === 0) return events;
    events.push(...page);
  }
}

test('after a day without a hub, over lines and hubs that fail, the hub has what counts exactly once, and says how much is missing', async () => {
  const keep = dayWithoutHub();
  createStore({ file: join(folder, 'hub.db'), fleetId: FLEET, clock: () => now });
  let hub = await openHub();
  const record = { labels: {}, spkiHash: '01', nextSpkiHash: '', certificateEndsAtMs: 1, nkey: 'U', machineId: '' };
  const host = { name: HOST, identityId: 'one', joinedAtMs: 1, revokedAtMs: 0, agentVersion: '', ...record };
  await hub.store.admitHost(host, 0n);

  for (let attempt = 1; keep.outbox.size > 0; attempt += 1) {
    expect(attempt, 'each attempt gets further').toBeLessThan(100);
    await session(keep, hub, 1 + (attempt % 3));
    if (attempt % 4 !== 0) continue;
    await hub.store.close();
    hub = await openHub();
  }

  const events = stored(hub);
  const messages = events.map(({ message }) => message);
  expect(sent, 'some went out again').toBeGreaterThan(messages.length);
  expect(new Set(messages).size, 'nothing is stored twice').toBe(messages.length);
  expect(messages, 'in the order in which it happened').toEqual(told.filter((message) => messages.includes(message)));
  const security = told.filter((message) => message.startsWith('security'));
  expect(security).toHaveLength(DAY_MS / SECURITY_EVERY_MS);
  expect(messages.filter((message) => message.startsWith('security'))).toEqual(security);
  const kept = Math.floor(BOUNDS.events * (1 - DROPPED_AT_ONCE)) - security.length;
  expect(messages.slice(-kept), 'the newest are all there').toEqual(told.slice(-kept));
  const lost = events.reduce((sum, { lostBefore }) => sum + Number(lostBefore), 0);
  expect(lost).toBe(told.length - messages.length);
  expect(lost).toBeGreaterThan(told.length / 2);
  expect(hub.store.hostState(HOST)?.state).toMatchObject({ observedAtMs: BigInt(now), acceptedGeneration: 9n });
  keep.close();
  await hub.store.close();
}, 120_000);
