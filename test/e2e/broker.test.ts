import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectBroker,
  createStore,
  type Fleet,
  type HostRecord,
  initFleet,
  newNkeySeed,
  nkeyOfSeed,
  openOwnBroker,
  openStore,
  Publisher,
  type Store,
} from '@mooring/hub';
import {
  accountName,
  assignmentSubject,
  digestOf,
  directGetSubject,
  inboxPrefix,
  objectSubject,
  pushSubject,
  STREAMS,
} from '@mooring/proto';
import { connect, type NatsConnection, nkeyAuthenticator } from 'nats';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { toolPath } from '../support/tools.ts';

// Long enough for a broker that answers; a refusal that never answers costs this much.
const REQUEST_MS = 2000;
const ciphertext = Buffer.from('sealed bytes');
const objectName = digestOf(ciphertext);
const seeds = { 'web-1': newNkeySeed(), 'web-2': newNkeySeed() };

let folder: string;
let fleet: Fleet;
let store: Store;
let broker: Awaited<ReturnType<typeof openOwnBroker>>;
let publisher: Publisher;
const clients: NatsConnection[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-broker-'));
  const data = join(folder, 'hub');
  const ports = { grpc: await freePort(), join: await freePort(), nats: await freePort() };
  fleet = await initFleet({ data, name: 'test', addresses: ['127.0.0.1'], ports, clock: Date.now });
  createStore({ file: join(data, 'hub.db'), fleetId: fleet.id, clock: Date.now });
  store = await openStore({ file: join(data, 'hub.db'), fleetId: fleet.id, clock: Date.now });
  for (const host of ['web-1', 'web-2'] as const) await addHost(host, nkeyOfSeed(seeds[host]));
  broker = await openOwnBroker({
    binary: toolPath('MOORING_NATS_SERVER'),
    folder: join(data, 'broker'),
    store,
    log: pino({ level: 'silent' }),
    settings: {
      listenHost: '127.0.0.1',
      listenPort: ports.nats,
      certificateFile: join(data, 'keys', 'hub.crt'),
      keyFile: join(data, 'keys', 'hub.key'),
      caFile: join(data, 'keys', 'ca.crt'),
      hubNkey: nkeyOfSeed(fleet.hubNkeySeed),
    },
  });
  await store.putObjects([
    { object: objectName, plainDigest: digestOf(Buffer.from('plain')), plainSize: 5, ciphertext, stack: '' },
  ]);
  publisher = new Publisher({
    store,
    log: pino({ level: 'silent' }),
    clock: Date.now,
    connect: (events) =>
      connectBroker({ urls: broker.hubUrls, nkeySeed: fleet.hubNkeySeed, caPem: fleet.caCertificatePem, ...events }),
  });
  publisher.wake();
  await vi.waitFor(() => expect(publisher.problem).toBeUndefined(), { timeout: 60_000 });
});

afterAll(async () => {
  for (const client of clients) await client.close();
  await publisher?.close();
  await broker?.close();
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a host's own credentials", () => {
  test('read the objects and the own assignment, and hear the own push', async () => {
    const host = await connectHost('web-1');
    expect(await get(host, directGetSubject(STREAMS.objects, objectSubject(objectName)))).toEqual(ciphertext);
    const pushes = host.subscribe(pushSubject('web-1'), { max: 1 });
    await host.flush();
    const hub = await connectHub();
    await hub.publish(assignmentSubject('web-1'), Buffer.from('first of web-1'));
    for await (const push of pushes) expect(push.string()).toBe('first of web-1');
    expect((await get(host, directGetSubject(STREAMS.assignments, assignmentSubject('web-1'))))?.toString()).toBe(
      'first of web-1',
    );
    await hub.close();
  });

  test("reach nothing of another host's, no stream and no consumer", async () => {
    const hub = await connectHub();
    await hub.publish(assignmentSubject('web-2'), Buffer.from('secret of web-2'));
    const host = await connectHost('web-1');
    const probes: readonly [string, string?][] = [
      [directGetSubject(STREAMS.assignments, assignmentSubject('web-2'))],
      [directGetSubject(STREAMS.assignments, assignmentSubject('*'))],
      [directGetSubject(STREAMS.assignments, assignmentSubject('>'))],
      [`$JS.API.DIRECT.GET.${STREAMS.assignments}`, JSON.stringify({ last_by_subj: assignmentSubject('web-2') })],
      [`$JS.API.DIRECT.GET.${STREAMS.assignments}`, JSON.stringify({ seq: 1 })],
      [
        directGetSubject(STREAMS.assignments, assignmentSubject('web-1')),
        JSON.stringify({ last_by_subj: assignmentSubject('web-2') }),
      ],
      [`$JS.API.STREAM.MSG.GET.${STREAMS.assignments}`, JSON.stringify({ last_by_subj: assignmentSubject('web-2') })],
      [`$JS.API.STREAM.INFO.${STREAMS.assignments}`],
      ['$JS.API.STREAM.NAMES'],
      [`$JS.API.STREAM.PURGE.${STREAMS.assignments}`],
      [`$JS.API.STREAM.DELETE.${STREAMS.assignments}`],
      [
        `$JS.API.CONSUMER.CREATE.${STREAMS.assignments}`,
        JSON.stringify({ stream_name: STREAMS.assignments, config: { ack_policy: 'none' } }),
      ],
      [
        `$JS.API.CONSUMER.CREATE.${STREAMS.objects}.x.mooring.v1.object.*`,
        JSON.stringify({ stream_name: STREAMS.objects, config: { ack_policy: 'none' } }),
      ],
      [
        `$JS.API.CONSUMER.CREATE.${STREAMS.assignments}`,
        JSON.stringify({
          stream_name: STREAMS.assignments,
          config: { ack_policy: 'none', filter_subjects: [assignmentSubject('web-1'), assignmentSubject('web-2')] },
        }),
      ],
      [
        `$JS.API.CONSUMER.DURABLE.CREATE.${STREAMS.assignments}.x`,
        JSON.stringify({
          stream_name: STREAMS.assignments,
          config: { durable_name: 'x', ack_policy: 'none', deliver_subject: `${inboxPrefix('web-1')}.all` },
        }),
      ],
      [`$JS.API.CONSUMER.MSG.NEXT.${STREAMS.assignments}.x`],
      [`$JS.API.CONSUMER.NAMES.${STREAMS.assignments}`],
      ['$JS.API.STREAM.CREATE.x', JSON.stringify({ name: 'x', subjects: [assignmentSubject('*')] })],
      [`$JS.API.STREAM.UPDATE.${STREAMS.objects}`, JSON.stringify({ name: STREAMS.objects, subjects: ['x'] })],
      [`$JS.API.STREAM.MSG.DELETE.${STREAMS.assignments}`, JSON.stringify({ seq: 1 })],
      [
        `$JS.API.STREAM.SNAPSHOT.${STREAMS.assignments}`,
        JSON.stringify({ deliver_subject: `${inboxPrefix('web-1')}.s` }),
      ],
      ['$JS.API.INFO'],
      ['$SYS.REQ.USER.INFO'],
    ];
    // Side by side: most are never answered, and each of those takes its whole time.
    const answers = await Promise.all(probes.map(([subject, body]) => get(host, subject, body)));
    for (const [index, [subject]] of probes.entries()) {
      const answer = answers[index]?.toString() ?? '';
      expect(answer, subject).not.toContain('secret of web-2');
      expect(answer, subject).not.toMatch(/stream_info|"streams"|consumer_create_response|"success"/);
    }
    await hub.close();
  });

  test('read no plaintext by a wildcard: objects are sealed, whoever names them', async () => {
    const host = await connectHost('web-1');
    const subjects = [objectSubject(objectName), 'mooring.v1.object.*', 'mooring.v1.object.>', '>'];
    const answers = await Promise.all(subjects.map((subject) => get(host, directGetSubject(STREAMS.objects, subject))));
    for (const [index, subject] of subjects.entries()) {
      const answer = answers[index];
      expect(answer === undefined || answer.equals(ciphertext), subject).toBe(true);
    }
  });

  test("cannot listen to another's pushes or inboxes, nor publish what hosts read", async () => {
    const host = await connectHost('web-1');
    const hub = await connectHub();
    const heard: string[] = [];
    for (const subject of [
      pushSubject('web-2'),
      'mooring.v1.push.*',
      'mooring.>',
      '>',
      assignmentSubject('*'),
      `${inboxPrefix('web-2')}.>`,
      '_INBOX.>',
      '_INBOX_hub.>',
    ]) {
      host.subscribe(subject, { callback: (refused, message) => void (refused ?? heard.push(message.string())) });
    }
    await host.flush();
    await hub.publish(assignmentSubject('web-2'), Buffer.from('news of web-2'));
    const other = await connectHost('web-2');
    await get(other, directGetSubject(STREAMS.assignments, assignmentSubject('web-2')));
    for (const subject of [
      assignmentSubject('web-2'),
      pushSubject('web-2'),
      objectSubject(objectName),
      `${inboxPrefix('web-2')}.x`,
    ]) {
      host.publish(subject, Buffer.from('forged'));
    }
    await host.flush();
    expect(heard).toEqual([]);
    expect(await hub.last(STREAMS.assignments, assignmentSubject('web-2'))).toEqual(bytes('news of web-2'));
    expect(await hub.last(STREAMS.objects, objectSubject(objectName))).toEqual(bytes(ciphertext));
    await hub.close();
  });

  test('cannot use a reply subject to write where another host reads', async () => {
    const hub = await connectHub();
    await hub.publish(assignmentSubject('web-1'), Buffer.from('first of web-1'));
    await hub.publish(assignmentSubject('web-2'), Buffer.from('news of web-2'));
    const host = await connectHost('web-1');
    const other = await connectHost('web-2');
    const junk: string[] = [];
    other.subscribe(`${inboxPrefix('web-2')}.>`, {
      callback: (refused, message) => void (refused ?? junk.push(message.string())),
    });
    other.subscribe(pushSubject('web-2'), {
      callback: (refused, message) => void (refused ?? junk.push(message.string())),
    });
    await other.flush();
    const own = directGetSubject(STREAMS.assignments, assignmentSubject('web-1'));
    for (const reply of [
      assignmentSubject('web-2'),
      pushSubject('web-2'),
      `${inboxPrefix('web-2')}.x`,
      objectSubject(objectName),
      '_INBOX_hub.x',
      `$JS.API.STREAM.PURGE.${STREAMS.assignments}`,
      `$JS.API.STREAM.DELETE.${STREAMS.assignments}`,
      `$JS.API.STREAM.DELETE.${STREAMS.objects}`,
    ]) {
      host.publish(own, undefined, { reply });
      await host.flush();
    }
    // A request of the other host's own goes through the same broker after the attack, so the attack has been dealt with by then.
    expect((await get(other, directGetSubject(STREAMS.assignments, assignmentSubject('web-2'))))?.toString()).toBe(
      'news of web-2',
    );
    expect(junk.filter((text) => text.includes('first of web-1'))).toEqual([]);
    expect(await hub.last(STREAMS.assignments, assignmentSubject('web-2'))).toEqual(bytes('news of web-2'));
    expect(await hub.last(STREAMS.objects, objectSubject(objectName))).toEqual(bytes(ciphertext));
    await hub.close();
  });
});

describe('the broker', () => {
  test('lets nobody in without a key, and nobody whose key was taken away', async () => {
    await expect(connectAs(newNkeySeed(), 'web-3')).rejects.toThrow(/authorization/i);
    const host = await connectHost('web-2');
    const closed = host.closed();
    await store.updateHost('web-2', { revokedAtMs: Date.now() });
    await broker.register();
    await closed;
    await expect(connectHost('web-2')).rejects.toThrow(/authorization/i);
    await store.updateHost('web-2', { revokedAtMs: 0 });
    await broker.register();
  });

  test('holds the same again after its whole store was deleted', async () => {
    const hub = await connectHub();
    await hub.remove(STREAMS.objects, objectSubject(objectName));
    expect(await hub.last(STREAMS.objects, objectSubject(objectName))).toBeUndefined();
    publisher.wake();
    await expect
      .poll(() => hub.last(STREAMS.objects, objectSubject(objectName)), { timeout: 60_000 })
      .toEqual(bytes(ciphertext));
    await hub.close();
  });
});

async function addHost(name: string, nkey: string): Promise<void> {
  const record: HostRecord = {
    name,
    nkey,
    identityId: name,
    labels: {},
    joinedAtMs: 1,
    spkiHash: accountName(name),
    nextSpkiHash: '',
    certificateEndsAtMs: 1,
    machineId: '',
    revokedAtMs: 0,
    agentVersion: '',
  };
  await store.addInvitation({
    id: name,
    secretHash: '',
    host: name,
    labels: {},
    expiresAtMs: Date.now() + 60_000,
    usedAtMs: 0,
    replace: false,
  });
  await store.joinHost(name, record);
}

function connectHost(host: keyof typeof seeds): Promise<NatsConnection> {
  return connectAs(seeds[host], host);
}

async function connectAs(seed: string, host: string): Promise<NatsConnection> {
  const connection = await connect({
    servers: [...broker.hubUrls],
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    tls: { ca: fleet.caCertificatePem },
    inboxPrefix: inboxPrefix(host),
    reconnect: false,
  });
  clients.push(connection);
  return connection;
}

function connectHub() {
  const nothing = () => undefined;
  return connectBroker({
    urls: broker.hubUrls,
    nkeySeed: fleet.hubNkeySeed,
    caPem: fleet.caCertificatePem,
    onReady: nothing,
    onLost: nothing,
  });
}

/** What a request brings, or undefined when nobody may or does answer. */
async function get(connection: NatsConnection, subject: string, body?: string): Promise<Buffer | undefined> {
  try {
    const message = await connection.request(subject, body === undefined ? undefined : Buffer.from(body), {
      timeout: REQUEST_MS,
    });
    return message.headers?.code ? undefined : Buffer.from(message.data);
  } catch {
    // Refused, nobody there, or no answer: for these probes all the same.
    return undefined;
  }
}

function bytes(content: string | Buffer): Uint8Array {
  return new Uint8Array(Buffer.from(content));
}
