import {
  type ConnectRequest,
  Drift,
  type DriftAction,
  DriftKind,
  type DriftObject,
  Event,
  HealthState,
  HostState,
  OBJECT_PART_BYTES,
  type Report,
  Severity,
  StackState,
  SyncState,
} from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assignmentRecord, objectRecord } from '../store/assignment.fake.ts';
import { openTemporaryStore, type TemporaryStore } from '../store/temporary-store.fake.ts';
import { MAX_ESTABLISHING, MIN_COMEBACK_MS } from './admission.ts';
import { AgentStream, agentContext, hello } from './agent-stream.fake.ts';
import { createIngest } from './create-ingest.ts';
import type { IngestParts } from './parts.ts';
import { Presence } from './presence.ts';
import { Questions } from './questions.ts';

let temporary: TemporaryStore;
let presence: Presence;
let parts: IngestParts;
let handlers: ReturnType<typeof createIngest>;
let told: unknown[];

beforeEach(async () => {
  temporary = await openTemporaryStore(['web-1', 'web-2']);
  presence = new Presence({ clock: () => temporary.now, monotonicMs: () => temporary.now });
  told = [];
  parts = {
    store: temporary.store,
    presence,
    questions: new Questions(presence),
    newest: () => ({ generation: 42n, digest: 'sha256:newest' }),
    heartbeatMs: 10_000,
    clock: () => temporary.now,
    askBack: async () => ({ askAgainMs: 1 }),
    onHello: ({ host, highWater }) => void told.push(['hello', host, highWater]),
    onHostChanged: (host) => told.push(['changed', host]),
    onRefusedAsFuture: (host) => told.push(['future', host]),
    onOtherAccepted: (host, generation) => told.push(['other', host, generation]),
    onEvents: (events) => told.push(['events', events.length]),
    natsUrls: () => ['tls://hub:4222'],
    onLeave: async (host) => void told.push(['leave', host]),
    renewCertificate: async (_host, csr) => ({ certificates: [Buffer.from(csr)], trust: Buffer.from('trust') }),
    onError: (error) => told.push(error),
  };
  handlers = createIngest(parts);
});
afterEach(() => temporary.close());

const heartbeat = (sequence: bigint): ConnectRequest => ({
  message: { $case: 'heartbeat', value: { sequence, sentAtMs: 1n } },
});
const events = (...list: Event[]): ConnectRequest => ({ message: { $case: 'events', value: { events: list } } });
const SYNCED = { sync: SyncState.SYNC_STATE_SYNCED, health: HealthState.HEALTH_STATE_HEALTHY };

function report(sequence: bigint, change: Partial<Report> = {}): Report {
  return { sequence, full: true, host: HostState.create(), stacks: [], goneStacks: [], ...change };
}

function stack(name: string, change: Partial<StackState> = {}): StackState {
  return { ...StackState.create({ stack: name, ...SYNCED }), ...change };
}

async function connected(host = 'web-1', change: Parameters<typeof hello>[1] = {}): Promise<AgentStream> {
  const stream = new AgentStream(handlers, host).send(hello(host, change));
  await stream.expect('welcome');
  return stream;
}

const eventKinds = () => temporary.store.events({ limit: 100 }).map(({ kind }) => kind);

test('a hello is welcomed with pace, time, newest assignment, stored events and brokers', async () => {
  await temporary.store.addEvents('web-1', 'outbox-1', [Event.create({ sequence: 7n })]);
  const stream = new AgentStream(handlers, 'web-1').send(hello('web-1', { highWater: 40n }));
  expect(await stream.expect('welcome')).toEqual({
    heartbeatIntervalMs: 10_000,
    hubTimeMs: BigInt(temporary.now),
    newestGeneration: 42n,
    newestDigest: 'sha256:newest',
    storedEventSequence: 7n,
    natsUrls: ['tls://hub:4222'],
    labels: [{ name: 'role', value: 'web' }],
    labelsTold: true,
  });
  expect(told).toEqual([['hello', 'web-1', 40n]]);
  expect(temporary.store.host('web-1')?.agentVersion).toBe('0.1.0');
  stream.send(heartbeat(1n));
  expect(await stream.expect('pace')).toMatchObject({ sequence: 1n, newestGeneration: 42n });
  await stream.finish();
});

const BAD_HELLOS: readonly (readonly [what: string, first: ConnectRequest, code: string])[] = [
  ['a heartbeat', heartbeat(1n), 'INVALID_ARGUMENT'],
  ['nothing', {}, 'INVALID_ARGUMENT'],
  ['the hello of another host', hello('web-2'), 'ID_MISMATCH'],
  ['another protocol', hello('web-1', { protocol: 2 }), 'UPGRADE_REQUIRED'],
  ['no outbox id', hello('web-1', { outboxId: '' }), 'INVALID_ARGUMENT'],
  ['a boot id of control characters', hello('web-1', { bootId: '\u001b[2J' }), 'INVALID_ARGUMENT'],
  ['a mark out of range', hello('web-1', { highWater: 2n ** 63n }), 'INVALID_ARGUMENT'],
];

test.each(BAD_HELLOS)('a stream that begins with %s is refused', async (_what, first, code) => {
  await expect(new AgentStream(handlers, 'web-1').send(first).next()).rejects.toMatchObject({ code });
  expect(presence.sighting('web-1').online).toBe(false);
});

test('speaking for another host is a security event, once a minute', async () => {
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(new AgentStream(handlers, 'web-1').send(hello('web-2')).next()).rejects.toMatchObject({
      code: 'ID_MISMATCH',
    });
  }
  expect(temporary.store.events({ limit: 9 })).toMatchObject([
    { host: 'web-1', kind: 'identity.mismatch', severity: Severity.SEVERITY_SECURITY },
  ]);
  temporary.now += 60_000;
  await new AgentStream(handlers, 'web-1')
    .send(hello('web-2'))
    .next()
    .catch(() => undefined);
  expect(eventKinds()).toHaveLength(2);
});

test('a report is acknowledged once it is stored, under the name of the certificate', async () => {
  const stream = await connected();
  const forged = [stack('shop', { host: 'web-2' })];
  stream.report(report(1n, { stacks: forged }));
  expect(await stream.expect('report')).toEqual({ sequence: 1n });
  expect(temporary.store.stackHeads()).toMatchObject([{ host: 'web-1', stack: 'shop' }]);
  expect(presence.sighting('web-1')).toMatchObject({ online: true, reported: true });
  expect(told).toContainEqual(['changed', 'web-1']);
  await stream.finish();
});

test.each([
  [
    'other content under the newest generation is ahead of this hub',
    { acceptedGeneration: 42n, acceptedDigest: 'sha256:other' },
    1,
  ],
  ['the newest assignment is not', { acceptedGeneration: 42n, acceptedDigest: 'sha256:newest' }, 0],
  ['an older assignment is not', { acceptedGeneration: 41n, acceptedDigest: 'sha256:other' }, 0],
])('a host that reports %s', async (_what, accepted, count) => {
  const stream = await connected();
  stream.report(report(1n, { host: HostState.fromPartial(accepted) }));
  await stream.expect('report');
  await stream.finish();
  expect(told.filter((one) => Array.isArray(one) && one[0] === 'other')).toHaveLength(count);
});

test('a first report that is not full, and a gap, are mended by a full one', async () => {
  const stream = await connected();
  stream.report(report(1n, { full: false, stacks: [stack('shop')] }));
  expect((await stream.expect('request')).question).toEqual({ $case: 'resend', value: {} });
  stream.report(report(2n, { stacks: [stack('blog')] }));
  expect(await stream.expect('report')).toEqual({ sequence: 2n });
  stream.report(report(4n, { full: false, stacks: [stack('shop')] }));
  await stream.expect('request');
  stream.report(report(5n, { full: false, stacks: [stack('shop')] }));
  stream.report(report(6n, { stacks: [stack('wiki')] }));
  expect(await stream.expect('report')).toEqual({ sequence: 6n });
  expect(temporary.store.stackHeads().map((head) => head.stack)).toEqual(['wiki']);
  await stream.finish();
});

test('state is never replaced by an older one', async () => {
  const stream = await connected();
  stream.report(report(5n, { stacks: [stack('new')] }));
  await stream.expect('report');
  stream.report(report(4n, { stacks: [stack('old')] }));
  await stream.expect('request');
  expect(temporary.store.stackHeads().map((head) => head.stack)).toEqual(['new']);
  await stream.finish();
});

test('texts of a host are cut and made safe, and its differences are bounded', async () => {
  const stream = await connected();
  const difference = Drift.create({ kind: DriftKind.DRIFT_KIND_MISSING, object: 1, action: 1 });
  const drift = Array.from({ length: 250 }, (_, index) => ({ ...difference, field: `f${index}` }));
  stream.report(report(1n, { stacks: [stack('shop', { reason: `\u001b[31m${'x'.repeat(1000)}`, drift })] }));
  await stream.expect('report');
  const [stored] = temporary.store.stackStates();
  expect(stored?.state.reason).toMatch(/^\\u\{1b\}\[31mx+…$/);
  expect(stored?.state.drift).toHaveLength(200);
  expect(stored?.state.driftIncomplete).toBe(true);
  await stream.finish();
});

test('what only a later release says is unknown, in words, and hides nothing else of the host', async () => {
  const stream = await connected();
  const later = Drift.create({
    kind: 9 as DriftKind,
    object: 8 as DriftObject,
    action: 7 as DriftAction,
    reason: 'so',
  });
  const known = Drift.create({ kind: DriftKind.DRIFT_KIND_MISSING, object: 1, action: 1, reason: 'gone' });
  const drift = [later, known].map((difference, index) => ({ ...difference, field: `f${index}` }));
  stream.report(
    report(1n, { stacks: [stack('blog', { sync: 99 as SyncState, reason: '' }), stack('shop', { drift })] }),
  );
  expect(await stream.expect('report')).toEqual({ sequence: 1n });
  const tooOld = 'which this hub is too old to know; a hub of its release is wanted';
  const [blog, shop] = temporary.store.stackStates().map(({ state }) => state);
  expect(blog).toMatchObject({ sync: SyncState.SYNC_STATE_UNKNOWN, reason: `its agent says sync 99, ${tooOld}` });
  expect(shop?.drift).toMatchObject([
    { kind: 0, object: 0, action: 0, reason: `its agent says kind 9 and object 8 and action 7, ${tooOld}: so` },
    { kind: DriftKind.DRIFT_KIND_MISSING, object: 1, action: 1, reason: 'gone' },
  ]);
  stream.send(events(Event.create({ sequence: 1n, kind: 'later.thing', severity: 9 as Severity })));
  expect(await stream.expect('events')).toEqual({ sequence: 1n });
  expect(temporary.store.events({ host: 'web-1', limit: 9 })).toMatchObject([
    { kind: 'later.thing', severity: Severity.SEVERITY_WARNING },
  ]);
  await stream.finish();
});

const BAD_MESSAGES: readonly (readonly [what: string, request: ConnectRequest])[] = [
  ['a second hello', hello('web-1')],
  ['a name that is no stack', { message: { $case: 'report', value: report(1n, { stacks: [stack('../etc')] }) } }],
  [
    'a state out of range',
    { message: { $case: 'report', value: report(1n, { stacks: [stack('a', { sync: -1 as SyncState })] }) } },
  ],
  [
    'a time out of range',
    { message: { $case: 'report', value: report(1n, { stacks: [stack('a', { sinceMs: -1n })] }) } },
  ],
  ['a full report without host', { message: { $case: 'report', value: report(1n, { host: undefined }) } }],
  ['events out of order', events(Event.create({ sequence: 2n }), Event.create({ sequence: 1n }))],
  [
    'too many events',
    events(...Array.from({ length: 201 }, (_, index) => Event.create({ sequence: BigInt(index + 1) }))),
  ],
  ['a message of an unknown kind', {}],
];

test.each(BAD_MESSAGES)('%s ends the stream, stores nothing, and is told as an event', async (_what, request) => {
  const stream = await connected();
  await expect(stream.send(request).next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(temporary.store.stackHeads()).toEqual([]);
  await expect.poll(eventKinds).toEqual(['message.refused']);
});

test('events are stored once and acknowledged up to the highest that is stored', async () => {
  const stream = await connected();
  const [one, two, three] = [1n, 2n, 3n].map((sequence) =>
    Event.create({ sequence, kind: 'drift.found', host: 'web-2' }),
  );
  if (one === undefined || two === undefined || three === undefined) throw new Error('three events are wanted');
  stream.send(events(one, two), events(one, two, three));
  expect(await stream.expect('events')).toEqual({ sequence: 2n });
  expect(await stream.expect('events')).toEqual({ sequence: 3n });
  expect(told.filter((entry) => Array.isArray(entry) && entry[0] === 'events')).toEqual([
    ['events', 2],
    ['events', 1],
  ]);
  expect(temporary.store.events({ host: 'web-1', limit: 9 })).toHaveLength(3);
  await stream.finish();
});

test('a newer stream ends the older one, whose late end changes nothing', async () => {
  const older = await connected('web-1', { bootId: 'boot-1' });
  const newer = await connected('web-1', { bootId: 'boot-2' });
  expect(await older.next()).toBeUndefined();
  newer.report(report(1n, { stacks: [stack('shop')] }));
  await newer.expect('report');
  older.break();
  expect(presence.sighting('web-1')).toMatchObject({ online: true, reported: true });
  expect(presence.connection('web-1')?.arrival.bootId).toBe('boot-2');
  expect(eventKinds()).toEqual([]);
  await newer.finish();
});

test('another machine, and a boot that comes back after it was replaced, are cloned identities', async () => {
  await connected('web-1', { bootId: 'a', machineId: 'one' });
  await connected('web-1', { bootId: 'b', machineId: 'two' });
  expect(eventKinds()).toEqual(['identity.cloned']);
  await connected('web-2', { bootId: 'a' });
  await connected('web-2', { bootId: 'b' });
  await connected('web-2', { bootId: 'a' });
  expect(temporary.store.events({ host: 'web-2', limit: 9 }).map(({ kind }) => kind)).toEqual(['identity.cloned']);
});

test('an agent that beats far too fast is cut off', async () => {
  const stream = await connected();
  for (let sequence = 1n; sequence <= 30n; sequence++) stream.send(heartbeat(sequence));
  const read = async () => {
    while ((await stream.next()) !== undefined);
  };
  await expect(read()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
});

test('a host fetches its newest assignment and the objects that it names, in parts, and no other', async () => {
  const object = objectRecord('x'.repeat(OBJECT_PART_BYTES + 10));
  const secret = objectRecord('of another host');
  await temporary.store.putObjects([object, secret]);
  const record = assignmentRecord({ host: 'web-1', generation: 3n, objects: [object.object] });
  await temporary.store.putAssignments([record]);
  const context = agentContext('web-1');
  expect(await handlers.fetchAssignment({}, context)).toEqual({
    envelope: Buffer.from(record.envelope),
    generation: 3n,
  });
  expect(await handlers.fetchAssignment({}, agentContext('web-2'))).toEqual({
    envelope: Buffer.alloc(0),
    generation: 0n,
  });
  const sizes = (await collect(handlers.fetchObject({ object: object.object }, context))).map(
    ({ data }) => data.length,
  );
  expect(sizes).toEqual([OBJECT_PART_BYTES, 10]);
  for (const { object: name } of [secret, secret]) {
    const fetching = collect(handlers.fetchObject({ object: name }, context));
    await expect(fetching).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  }
  expect(temporary.store.events({ limit: 9 })).toMatchObject([{ kind: 'object.denied', host: 'web-1' }]);
});

test('renewing and leaving speak for the host of the certificate', async () => {
  const context = agentContext('web-2');
  expect((await handlers.renewCertificate({ csr: Buffer.from('csr') }, context)).trust.toString()).toBe('trust');
  await handlers.leave({}, context);
  expect(told).toEqual([['leave', 'web-2']]);
});

test('a question goes to the host that is asked and its answer comes back whole', async () => {
  const stream = await connected('web-1', { questions: ['explain'] });
  const question = { $case: 'explain', value: { stack: 'shop', service: 'web' } } as const;
  const answer = collect(parts.questions.ask('web-1', question, 5000));
  const { id } = await stream.expect('request');
  const part = { $case: 'explain', value: { json: '{}' } } as const;
  const foreign = handlers.answer(of({ id, part }), agentContext('web-2'));
  await expect(foreign).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await handlers.answer(of({ id, part }), agentContext('web-1'));
  expect(await answer).toEqual([part]);
  const unsupported = parts.questions.ask('web-1', { $case: 'resend', value: {} }, 5000);
  await expect(unsupported.next()).rejects.toMatchObject({ code: 'REQUEST_UNSUPPORTED' });
  await expect(parts.questions.ask('web-2', question, 5000).next()).rejects.toMatchObject({ code: 'HOST_OFFLINE' });
  await expect(parts.questions.ask('web-1', question, 1).next()).rejects.toMatchObject({ code: 'TIMED_OUT' });
});

async function* of<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

test('a stream above those that are just established is turned away unread, until one of them has reported', async () => {
  const waiting = Array.from({ length: MAX_ESTABLISHING }, () => new AgentStream(handlers, 'web-1'));
  const first = waiting.map((stream) => stream.next());
  await expect(new AgentStream(handlers, 'web-2').send(hello('web-2')).next()).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterMs: MIN_COMEBACK_MS,
  });
  expect(told).toEqual([]);
  waiting[0]?.send(hello('web-1')).report(report(1n));
  await first[0];
  await waiting[0]?.expect('report');
  await connected('web-2');
  for (const stream of waiting) stream.break();
  await Promise.all(first);
});
