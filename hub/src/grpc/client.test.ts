import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeUserKey } from '../enrol/user-key.ts';
import { connectHub } from './client.ts';
import { checkClientCertificate } from './client-certificate.ts';
import { type Credentials, type RunningHub, startRunningHub } from './running-hub.fake.ts';

const DAY_MS = 86_400_000;
let hub: RunningHub;
let alice: Credentials;

beforeAll(async () => {
  hub = await startRunningHub();
  alice = await hub.user('alice', 'viewer');
});

afterAll(() => hub.close());

const own = () => ({ ca: hub.fleet.caCertificatePem, cert: alice.cert, key: alice.key });
const remote = () => connectHub({ address: hub.address, ...own() });

describe('a client', () => {
  test('asks the hub over its socket and over mTLS', async () => {
    const [local, far] = [connectHub({ socketPath: hub.socketPath }), remote()];
    expect((await local.admin.listUsers({})).users.map(({ name }) => name)).toEqual(['alice']);
    await far.fleet.getHub({});
    expect(hub.seen.at(-1)?.caller).toMatchObject({ kind: 'user', name: 'alice', role: 'viewer' });
    const events: unknown[] = [];
    for await (const event of far.fleet.watchEvents({ afterCursor: 0n, host: '', stack: '' })) events.push(event);
    expect(events).toHaveLength(1);
    local.close();
    far.close();
  });

  test('sends a stream of requests and reads one of responses', async () => {
    const [local, far] = [connectHub({ socketPath: hub.socketPath }), remote()];
    const part = { $case: 'bundle', value: Buffer.alloc(100_000) } as const;
    const requests = Array.from({ length: 50 }, () => ({ part }));
    const responses: unknown[] = [];
    for await (const response of local.fleet.plan(requests)) responses.push(response);
    expect(responses).toEqual([{ part: undefined }]);
    const refused = far.fleet.plan(requests)[Symbol.asyncIterator]().next();
    await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: /alice has role viewer/ });
    local.close();
    far.close();
  });

  test("throws the hub's own error, with code and hint", async () => {
    const [local, far] = [connectHub({ socketPath: hub.socketPath }), remote()];
    const removal = local.admin.removeHost({ host: 'nobody' });
    await expect(removal).rejects.toMatchObject({ code: 'HOST_UNKNOWN', message: /^Cannot find host nobody/ });
    await expect(far.admin.listUsers({})).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: /alice has role viewer; admin/,
    });
    local.close();
    far.close();
  });

  test('says that nobody answers, and that the time is over', async () => {
    const nobody = connectHub({ socketPath: `${hub.socketPath}.none` });
    await expect(nobody.fleet.getHub({})).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
    const far = remote();
    await expect(far.fleet.getHub({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    nobody.close();
    far.close();
  });
});

describe("a client's own certificate", () => {
  const codeOf = (change: Partial<ReturnType<typeof own>>, nowMs = hub.now) => {
    try {
      checkClientCertificate({ ...own(), ...change }, nowMs);
      return 'fine';
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : 'other';
    }
  };

  test('is checked before the hub is asked, and the reason is said', async () => {
    expect(codeOf({})).toBe('fine');
    expect(codeOf({ cert: '' })).toBe('CERT_MISSING');
    expect(codeOf({ key: '' })).toBe('CERT_MISSING');
    expect(codeOf({ cert: 'garbage' })).toBe('CERT_FORMAT');
    expect(codeOf({ key: 'garbage' })).toBe('CERT_FORMAT');
    expect(codeOf({}, hub.now + 31 * DAY_MS)).toBe('CERT_EXPIRED');
    expect(codeOf({}, hub.now - DAY_MS)).toBe('CERT_NOT_YET_VALID');
    expect(codeOf({ key: (await makeUserKey()).key })).toBe('CERT_MISMATCH');
    expect(codeOf({ cert: hub.fleet.serverCertificatePem, key: hub.fleet.serverKeyPem })).toBe('CERT_MISMATCH');
    const other = await startRunningHub();
    expect(codeOf({ ca: other.fleet.caCertificatePem })).toBe('CERT_MISMATCH');
    await other.close();
    expect(() => connectHub({ address: hub.address, ...own(), cert: '' })).toThrow(/its certificate is missing/);
  });
});
