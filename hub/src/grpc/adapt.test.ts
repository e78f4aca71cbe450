import { once } from 'node:events';
import { connect } from 'node:http2';
import { Client, credentials, Metadata, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { FleetServiceService, MooringError, WatchEventsResponse } from '@mooring/proto';
import { afterEach, describe, expect, test } from 'vitest';
import { type AdaptParts, adapt } from './adapt.ts';
import { guard } from './guard.ts';
import { OpenCalls } from './open-calls.ts';
import { problemOf } from './status.ts';

const { getStatus, watchEvents } = FleetServiceService;
const CALLER = { kind: 'local', name: 'local', role: 'admin', identityId: '' } as const;
const bytes = (value: Buffer) => value;
const cleanup: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleanup.splice(0)) clean();
});

/** A server of two methods on a port of its own. */
async function serve(
  handlers: Parameters<typeof adapt>[1],
  parts: Partial<AdaptParts & { firstMessageMs: number }> = {},
) {
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const stalled: string[] = [];
  const open = new OpenCalls();
  const { firstMessageMs } = parts;
  const server = new Server({ interceptors: [guard({ identify: () => CALLER, open, onError, firstMessageMs })] });
  const onStalled = ({ path }: { path: string }) => stalled.push(path);
  const both = { getStatus: async () => ({}), watchEvents: async function* () {}, ...handlers };
  const adapted = adapt({ getStatus, watchEvents }, both, { onError, onStalled, ...parts });
  server.addService(adapted.definition, adapted.implementation);
  const { promise, resolve } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => resolve(port));
  const address = `127.0.0.1:${await promise}`;
  const client = new Client(address, credentials.createInsecure());
  cleanup.push(() => {
    client.close();
    server.forceShutdown();
  });
  return { address, client, errors, stalled, open };
}

function ask(client: Client, request: Buffer): Promise<ServiceError> {
  const { promise, resolve, reject } = Promise.withResolvers<ServiceError>();
  client.makeUnaryRequest(getStatus.path, bytes, bytes, request, (error) => {
    if (error === null) reject(new Error('the call went well'));
    else resolve(error);
  });
  return promise;
}

describe('an error of a handler', () => {
  test('arrives with code, sentence and hint', async () => {
    const getStatus = async () => {
      throw new MooringError('HOST_UNKNOWN', 'Cannot find host ü: it is not there; another is wanted', {
        hint: 'Look.',
      });
    };
    const { client, errors } = await serve({ getStatus });
    const error = await ask(client, Buffer.alloc(0));
    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.details).toBe('HOST_UNKNOWN: Cannot find host ü: it is not there; another is wanted');
    expect(problemOf(error.metadata)).toMatchObject({ code: 'HOST_UNKNOWN', hint: 'Look.' });
    expect(errors).toEqual([]);
  });

  test('says in the trailer of gRPC how long the caller should stay away, where it knows', async () => {
    const { client } = await serve({
      getStatus: async () => {
        throw new MooringError('RATE_LIMITED', 'Cannot accept call: too many; fewer are wanted', { retryAfterMs: 1.5 });
      },
    });
    const { metadata } = await ask(client, Buffer.alloc(0));
    expect(metadata.get('grpc-retry-pushback-ms')).toEqual(['2']);
  });

  test('that nobody foresaw tells the caller nothing and the hub everything', async () => {
    const failure = new Error('password=hunter2');
    const getStatus = async () => {
      throw failure;
    };
    const { client, errors } = await serve({ getStatus });
    const error = await ask(client, Buffer.alloc(0));
    expect(error.code).toBe(status.INTERNAL);
    expect(JSON.stringify([error.details, problemOf(error.metadata)?.message])).not.toContain('hunter2');
    expect(errors).toEqual([failure]);
  });
});

test('bytes that are not the message are refused as such', async () => {
  const { client } = await serve({});
  const error = await ask(client, Buffer.from([0xff, 0xff, 0xff]));
  expect(error.code).toBe(status.INVALID_ARGUMENT);
});

test('half a message is given up on', async () => {
  const { client, open } = await serve({}, { firstMessageMs: 50 });
  const stream = client.makeBidiStreamRequest(getStatus.path, bytes, bytes, new Metadata());
  stream.on('data', () => undefined);
  const [error] = await once(stream, 'error').then(
    (args) => args,
    (thrown: ServiceError) => [thrown],
  );
  expect(problemOf(error.metadata)?.code).toBe('TIMED_OUT');
  expect(open.all()).toEqual([]);
});

test('a stalled reader bounds what is written for it, and is told so', async () => {
  let written = 0;
  let ended = false;
  const watchEvents = async function* () {
    try {
      for (;;) {
        written += 1;
        yield WatchEventsResponse.fromPartial({ event: { kind: 'x'.repeat(64_000) } });
      }
    } finally {
      ended = true;
    }
  };
  const { address, stalled } = await serve({ watchEvents }, { stallMs: 100 });
  // Plain HTTP/2 that never reads; grpc-js' own client takes what comes into its memory.
  const session = connect(`http://${address}`);
  cleanup.push(() => session.destroy());
  const headers = {
    ':method': 'POST',
    ':path': FleetServiceService.watchEvents.path,
    'content-type': 'application/grpc',
  };
  session.request(headers).end(Buffer.alloc(5));
  await expect.poll(() => stalled.length, { timeout: 5000 }).toBe(1);
  expect(written).toBeLessThan(100);
  await expect.poll(() => ended).toBe(true);
});

test('a handler hears that its caller went away', async () => {
  const gone = Promise.withResolvers<void>();
  const watchEvents = async function* (_: unknown, { signal }: { signal: AbortSignal }) {
    yield {};
    await once(signal, 'abort');
    gone.resolve();
  };
  const { client, open } = await serve({ watchEvents });
  const stream = client.makeServerStreamRequest(FleetServiceService.watchEvents.path, bytes, bytes, Buffer.alloc(0));
  stream.on('error', () => undefined);
  await once(stream, 'data');
  expect(open.all()).toHaveLength(1);
  stream.cancel();
  await gone.promise;
  expect(open.all()).toEqual([]);
});

test('a method without a role, or without a handler, cannot be served', () => {
  const parts = { onError: () => undefined, onStalled: () => undefined };
  const forgotten = { forgotten: { ...getStatus, path: '/mooring.v1.FleetService/Forgotten' } };
  expect(() => adapt(forgotten, { forgotten: async () => ({}) }, parts)).toThrow(/declares no role/);
  expect(() => adapt({ getStatus }, {}, parts)).toThrow(/has no handler/);
});
