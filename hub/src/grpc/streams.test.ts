import { type EventEmitter, once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { AgentServiceClient, type ConnectRequest } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Credentials, type RunningHub, startRunningHub } from './running-hub.fake.ts';
import { problemOf } from './status.ts';

let hub: RunningHub;
const closers: (() => void)[] = [];

beforeAll(async () => {
  hub = await startRunningHub();
});

afterAll(async () => {
  for (const close of closers) close();
  await hub.close();
});

function agentClient({ cert, key }: Credentials): AgentServiceClient {
  const secrets = credentials.createSsl(Buffer.from(hub.fleet.caCertificatePem), Buffer.from(key), Buffer.from(cert));
  const client = new AgentServiceClient(hub.address, secrets);
  closers.push(() => client.close());
  return client;
}

const heartbeat: ConnectRequest = { message: { $case: 'heartbeat', value: { sequence: 1n, sentAtMs: 0n } } };

/** A stream that has had its first answer. */
async function openStream(client: AgentServiceClient) {
  const stream = client.connect();
  const ended = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
  stream.write(heartbeat);
  await Promise.race([once(stream, 'data'), ended]);
  return { stream, ended };
}

/** `once` would take an error before it for a failure. */
function closeOf(connection: EventEmitter): Promise<void> {
  return new Promise((resolve) => connection.once('close', () => resolve()));
}

function tlsOptions() {
  const [host = '', port = ''] = hub.address.split(':');
  return { host, port: Number(port), ca: hub.fleet.caCertificatePem, ALPNProtocols: ['h2'] };
}

test('an agent that leaves is answered before its calls end', async () => {
  const client = agentClient(await hub.agent('web-0'));
  const { ended } = await openStream(client);
  const left = await new Promise((resolve) => client.leave({}, (error) => resolve(error ?? 'left')));
  expect(left).toBe('left');
  expect((await ended).details).toMatch(/^AGENT_REVOKED: /);
});

describe('a revoked agent', () => {
  test('loses its streams within 5 s, and every later call, with the reason', async () => {
    const client = agentClient(await hub.agent('web-1'));
    const { ended } = await openStream(client);
    const handler = hub.seen.at(-1);
    const begun = performance.now();
    await hub.enrolment.revoke({ name: 'web-1', user: false, reason: 'stolen', actor: 'alice' });
    const error = await ended;
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(error.code).toBe(status.PERMISSION_DENIED);
    expect(error.details).toMatch(/^AGENT_REVOKED: Cannot go on with call/);
    expect(handler?.signal.aborted).toBe(true);

    const later = await openStream(client);
    const refused = await later.ended;
    expect(refused.code).toBe(status.PERMISSION_DENIED);
    expect(problemOf(refused.metadata)?.code).toBe('AGENT_REVOKED');
  });

  test('loses its connection even where it reads nothing', async () => {
    const { cert, key } = await hub.agent('web-2');
    const session = connectHttp2(`https://${hub.address}`, { ca: hub.fleet.caCertificatePem, cert, key });
    session.on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/mooring.v1.AgentService/Connect',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.write(Buffer.from([0, 0, 0, 0, 2, 0x12, 0]));
    await once(stream, 'response');
    const closed = closeOf(session);
    await hub.enrolment.removeHost({ host: 'web-2', actor: 'alice' });
    const begun = performance.now();
    await closed;
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

test('a third stream of one agent is refused while two are open', async () => {
  const client = agentClient(await hub.agent('web-3'));
  const [first] = [await openStream(client), await openStream(client)];
  const third = await openStream(client);
  const error = await third.ended;
  expect(problemOf(error.metadata)?.code).toBe('RATE_LIMITED');
  expect(error.code).toBe(status.RESOURCE_EXHAUSTED);

  first.stream.end();
  await once(first.stream, 'status');
  const fourth = await openStream(client);
  fourth.stream.write(heartbeat);
  await once(fourth.stream, 'data');
});

test('a message over 1 MiB is refused', async () => {
  const client = agentClient(await hub.agent('web-4'));
  const { stream, ended } = await openStream(client);
  const bulk = { hostname: 'x'.repeat(1_100_000) };
  stream.write({ message: { $case: 'hello', value: { ...emptyHello(), host: bulk.hostname } } });
  expect((await ended).code).toBe(status.RESOURCE_EXHAUSTED);
});

function emptyHello() {
  return {
    host: '',
    protocol: 1,
    agentVersion: '',
    features: [],
    highWater: 0n,
    acceptedDigest: '',
    outboxId: '',
    bootId: '',
    machineId: '',
    questions: [],
    trustVersion: 0n,
  };
}

describe('a connection', () => {
  test('of TLS 1.2 is refused and its reason is told to the hub', async () => {
    const socket = connectTls({ ...tlsOptions(), maxVersion: 'TLSv1.2' });
    await once(socket, 'error');
    expect(hub.tlsErrors.join()).toMatch(/protocol|version/i);
  });

  test('without a certificate, or with one of another authority, is closed', async () => {
    const other = await startRunningHub();
    const { cert, key } = await other.agent('web-1');
    for (const options of [{}, { cert, key }]) {
      const socket = connectTls({ ...tlsOptions(), ...options });
      socket.on('error', () => undefined);
      await closeOf(socket);
    }
    await other.close();
    expect(hub.tlsErrors.join()).toMatch(/certificate/i);
  });

  test('that speaks another protocol inside TLS is closed', async () => {
    const { cert, key } = await hub.agent('web-5');
    const socket = connectTls({ ...tlsOptions(), cert, key, ALPNProtocols: undefined });
    socket.on('error', () => undefined);
    await closeOf(socket);
  });

  test('that says nothing after its handshake is closed', { timeout: 15_000 }, async () => {
    const { cert, key } = await hub.agent('web-6');
    const socket = connectTls({ ...tlsOptions(), cert, key });
    socket.on('error', () => undefined);
    await closeOf(socket.resume());
  });

  test('that floods the hub with PINGs is closed', async () => {
    const { cert, key } = await hub.agent('web-7');
    const session = connectHttp2(`https://${hub.address}`, { ca: hub.fleet.caCertificatePem, cert, key });
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    const closed = closeOf(session);
    const flood = setInterval(() => {
      for (let count = 0; count < 10 && !session.destroyed; count += 1) session.ping(() => undefined);
    }, 1);
    await closed;
    clearInterval(flood);
  });
});
