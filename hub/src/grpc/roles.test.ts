import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { METHOD_ROLES } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { declaredRole, mayCall } from './roles.ts';
import { type Credentials, MAIN_METHODS, type RunningHub, startRunningHub } from './running-hub.fake.ts';

const PEOPLE = ['viewer', 'operator', 'admin'] as const;
const CALLERS = ['agent', 'other-agent', 'forgotten agent', ...PEOPLE] as const;

let hub: RunningHub;
const clients = new Map<string, Client>();

beforeAll(async () => {
  hub = await startRunningHub();
  const ca = Buffer.from(hub.fleet.caCertificatePem);
  const dial = ({ name, cert, key }: Credentials) =>
    clients.set(name, new Client(hub.address, credentials.createSsl(ca, Buffer.from(key), Buffer.from(cert))));
  dial({ ...(await hub.agent('web-1')), name: 'agent' });
  dial({ ...(await hub.agent('web-2')), name: 'other-agent' });
  dial({ ...(await hub.forgottenAgent('web-9')), name: 'forgotten agent' });
  for (const role of PEOPLE) dial(await hub.user(role, role));
  clients.set('none', new Client(hub.address, credentials.createSsl(ca)));
  clients.set('join port', new Client(hub.joinAddress, credentials.createSsl(ca)));
  clients.set('socket', new Client(`unix:${hub.socketPath}`, credentials.createInsecure()));
});

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await hub.close();
});

/** Status of a call with an empty message, whatever kind of method it is. */
function call(caller: string, path: string): Promise<status> {
  const { promise, resolve } = Promise.withResolvers<status>();
  const bytes = (value: Buffer) => value;
  const client = clients.get(caller);
  const stream = client?.makeBidiStreamRequest(path, bytes, bytes, new Metadata(), { deadline: Date.now() + 5000 });
  stream?.on('data', () => undefined);
  stream?.on('error', () => undefined);
  stream?.on('status', ({ code }) => resolve(code));
  stream?.write(Buffer.alloc(0));
  stream?.end();
  return promise;
}

/** A forgotten host is told what it waits for. */
const REFUSED: ReadonlySet<status> = new Set([
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.FAILED_PRECONDITION,
]);

/** What the role table of the protocol promises, written down a second time. */
function expected(caller: (typeof CALLERS)[number], path: keyof typeof METHOD_ROLES): 'let in' | 'refused' {
  const declared = METHOD_ROLES[path];
  if (declared === 'returning') return caller === 'forgotten agent' ? 'let in' : 'refused';
  if (declared === 'agent') return caller === 'agent' || caller === 'other-agent' ? 'let in' : 'refused';
  const order = ['viewer', 'operator', 'admin'];
  return order.indexOf(caller) >= order.indexOf(declared) ? 'let in' : 'refused';
}

describe('every method on the main port', () => {
  const methods = MAIN_METHODS.map(({ path }) => path);

  test('is in the table of roles', () => {
    expect(methods.filter((path) => declaredRole(path) === undefined)).toEqual([]);
    expect(Object.keys(METHOD_ROLES).sort()).toEqual([...methods, '/mooring.v1.EnrolService/Join'].sort());
  });

  describe.each(methods)('%s', (path) => {
    test.each(CALLERS)('answers %s as its role says', async (caller) => {
      const code = await call(caller, path);
      const verdict = REFUSED.has(code) ? 'refused' : 'let in';
      expect(verdict).toBe(expected(caller, path));
    });

    test('is not even reached without a certificate', async () => {
      expect(await call('none', path)).toBe(status.UNAVAILABLE);
    });

    test('is not served at the join port', async () => {
      expect(await call('join port', path)).toBe(status.UNIMPLEMENTED);
    });
  });

  test('runs nothing for those who are refused', async () => {
    const before = hub.seen.length;
    await call('viewer', '/mooring.v1.AdminService/Invite');
    await call('agent', '/mooring.v1.FleetService/GetStatus');
    await call('admin', '/mooring.v1.AgentService/Leave');
    expect(hub.seen.length).toBe(before);
  });
});

test('the socket serves people but no agents, and makes its caller an admin', async () => {
  expect(await call('socket', '/mooring.v1.AdminService/ListUsers')).toBe(status.OK);
  expect(await call('socket', '/mooring.v1.FleetService/GetStatus')).toBe(status.OK);
  expect(hub.seen.at(-1)?.caller).toEqual({ kind: 'local', name: 'local', role: 'admin', identityId: '' });
  expect(await call('socket', '/mooring.v1.AgentService/Leave')).toBe(status.UNIMPLEMENTED);
});

test('an agent and a person stand outside of each other', () => {
  expect(mayCall('agent', 'viewer')).toBe(false);
  expect(mayCall('admin', 'agent')).toBe(false);
  expect(mayCall('anyone', 'viewer')).toBe(false);
  expect(declaredRole('/mooring.v1.FleetService/Forgotten')).toBeUndefined();
});
