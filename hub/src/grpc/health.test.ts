import { once } from 'node:events';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { HealthClient, HealthCheckResponse_ServingStatus as Serving } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REFLECTION_SERVICES } from './reflection.ts';
import { type RunningHub, startRunningHub } from './running-hub.fake.ts';

const SERVED = ['', 'mooring.v1.AdminService', 'mooring.v1.FleetService'];

let hub: RunningHub;
let client: HealthClient;

beforeAll(async () => {
  hub = await startRunningHub();
  client = new HealthClient(`unix:${hub.socketPath}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await hub.close();
});

const check = (service: string) =>
  new Promise((resolve) => client.check({ service }, (error, answer) => resolve(error ?? answer)));

describe('the standard health service', () => {
  test.each(SERVED)('says that the hub serves "%s"', async (service) => {
    expect(await check(service)).toEqual({ status: Serving.SERVING });
  });

  test('says NOT_FOUND of what the door does not serve', async () => {
    expect(await check('mooring.v1.AgentService')).toMatchObject({ code: status.NOT_FOUND });
    expect(await check('x'.repeat(10_000))).toMatchObject({ code: status.NOT_FOUND });
  });

  test('lists all that it serves', async () => {
    const list = await new Promise((resolve) => client.list({}, (error, answer) => resolve(error ?? answer)));
    expect(list).toEqual({ statuses: Object.fromEntries(SERVED.map((name) => [name, { status: Serving.SERVING }])) });
  });

  test('is found by reflection', async () => {
    const [services] = REFLECTION_SERVICES.flatMap((definition) => Object.values(definition));
    const stream = client.makeBidiStreamRequest(
      services?.path ?? '',
      (bytes: Uint8Array) => Buffer.from(bytes),
      String,
      new Metadata(),
    );
    stream.end(new BinaryWriter().tag(7, WireType.LengthDelimited).string('*').finish());
    const [answer] = await once(stream, 'data');
    expect(answer).toContain('grpc.health.v1.Health');
    expect(answer).toContain('mooring.v1.FleetService');
  });

  test.each([
    ['what is served', '', Serving.SERVING],
    ['what is not', 'x.Y', Serving.SERVICE_UNKNOWN],
  ])('tells a watcher of %s, and stays with it', async (_, service, told) => {
    const watched = client.watch({ service });
    const ended = new Promise<ServiceError>((resolve) => watched.once('error', resolve));
    expect(await once(watched, 'data')).toEqual([{ status: told }]);
    // Whoever watches is answered on the same connection as whoever asks after it.
    expect(await check('')).toEqual({ status: Serving.SERVING });
    watched.cancel();
    expect(await ended).toMatchObject({ code: status.CANCELLED });
    expect(hub.errors).toEqual([]);
  });
});
