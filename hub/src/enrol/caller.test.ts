import { randomUUIDv7 } from 'node:crypto';
import { MooringError } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHub, startRunningHub } from '../grpc/running-hub.fake.ts';
import { makeUserKey } from './user-key.ts';
import { issueCertificate, parseCertificate, readRequest } from './x509.ts';

let hub: RunningHub;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  hub = await startRunningHub();
});

afterAll(() => hub.close());

function codeOf(certificate: Uint8Array | undefined): string {
  try {
    return hub.enrolment.callerOf(certificate ?? new Uint8Array()).name;
  } catch (error) {
    return error instanceof MooringError ? error.code : 'other';
  }
}

const derOf = (pem: string) => parseCertificate(pem).raw;

async function issued(uri: string, addresses: readonly string[] = []) {
  const publicKey = await readRequest((await makeUserKey()).csr);
  return issueCertificate({ certificatePem: hub.fleet.caCertificatePem, key: hub.fleet.caKey }, publicKey, {
    commonName: 'x',
    uri,
    addresses,
    usage: 'client',
    notBeforeMs: hub.now,
    days: 1,
  });
}

describe('a certificate', () => {
  test('of a host and of a user says who calls', async () => {
    const agent = await hub.agent('web-1');
    expect(hub.enrolment.callerOf(derOf(agent.cert))).toMatchObject({ kind: 'agent', name: 'web-1', role: 'agent' });
    const user = await hub.user('alice', 'operator');
    expect(hub.enrolment.callerOf(derOf(user.cert))).toMatchObject({ kind: 'user', name: 'alice', role: 'operator' });
  });

  test('of a host that is not remembered, or not by this key, may ask to be let in again and nothing else', async () => {
    await hub.agent('web-2');
    for (const name of ['web-2', 'nobody']) {
      const caller = hub.enrolment.callerOf(await issued(`spiffe://${hub.fleet.id}/agent/${name}`));
      expect(caller).toMatchObject({ kind: 'agent', name, role: 'returning', key: { endsAtMs: expect.any(Number) } });
    }
  });

  test('of the hub, of another fleet, or with two names is nobody', async () => {
    expect(codeOf(await issued(`spiffe://${hub.fleet.id}/user/nobody`))).toBe('UNAUTHENTICATED');
    expect(codeOf(await issued(`spiffe://${hub.fleet.id}/hub`))).toBe('UNAUTHENTICATED');
    expect(codeOf(await issued(`spiffe://${randomUUIDv7()}/agent/web-2`))).toBe('UNAUTHENTICATED');
    expect(codeOf(await issued(`spiffe://${hub.fleet.id}/agent/web-2`, ['web-2']))).toBe('UNAUTHENTICATED');
    expect(codeOf(hub.fleet.caCertificateDer)).toBe('UNAUTHENTICATED');
    expect(codeOf(new Uint8Array())).toBe('CERT_FORMAT');
  });

  test('counts only between its dates', async () => {
    const { cert } = await hub.agent('web-3');
    hub.now += 91 * DAY_MS;
    expect(codeOf(derOf(cert))).toBe('CERT_EXPIRED');
    hub.now -= 92 * DAY_MS;
    expect(codeOf(derOf(cert))).toBe('CERT_NOT_YET_VALID');
    hub.now += DAY_MS;
    expect(codeOf(derOf(cert))).toBe('web-3');
  });

  test('of a revoked host or user is refused by that name, and of a removed one by none', async () => {
    const [agent, user, gone] = [await hub.agent('web-4'), await hub.user('bob', 'admin'), await hub.agent('web-5')];
    await hub.enrolment.revoke({ name: 'web-4', user: false, reason: '', actor: 'alice' });
    await hub.enrolment.revoke({ name: 'web-4', user: false, reason: '', actor: 'alice' });
    await hub.enrolment.revoke({ name: 'bob', user: true, reason: '', actor: 'alice' });
    await hub.enrolment.removeHost({ host: 'web-5', actor: 'web-5' });
    expect(codeOf(derOf(agent.cert))).toBe('AGENT_REVOKED');
    expect(codeOf(derOf(user.cert))).toBe('USER_REVOKED');
    expect(codeOf(derOf(gone.cert))).toBe('UNAUTHENTICATED');
    const told = hub.store.events({ limit: 10 }).filter(({ kind }) => kind.endsWith('revoked'));
    expect(told.map(({ message }) => message)).toEqual(['alice revoked user bob', 'alice revoked host web-4']);
  });

  test('that was renewed counts beside the old one until its first use, and alone from then on', async () => {
    const { cert } = await hub.agent('web-6');
    const { certificates } = await hub.enrolment.renewCertificate('web-6', (await makeUserKey()).csr);
    const old = derOf(cert);
    expect(codeOf(old)).toBe('web-6');
    expect(codeOf(certificates[0])).toBe('web-6');
    await expect.poll(() => codeOf(old)).toBe('UNAUTHENTICATED');
    expect(codeOf(certificates[0])).toBe('web-6');
  });

  test('is not renewed for a revoked host', async () => {
    await hub.agent('web-7');
    await hub.enrolment.revoke({ name: 'web-7', user: false, reason: '', actor: 'alice' });
    const { csr } = await makeUserKey();
    await expect(hub.enrolment.renewCertificate('web-7', csr)).rejects.toMatchObject({ code: 'AGENT_REVOKED' });
  });
});

describe('a user', () => {
  test('is added again only after the end of the first certificate', async () => {
    await hub.user('carol', 'viewer');
    await expect(hub.user('carol', 'admin')).rejects.toMatchObject({ code: 'USER_EXISTS' });
    await hub.enrolment.revoke({ name: 'carol', user: true, reason: '', actor: 'alice' });
    await hub.user('carol', 'admin');
    expect(hub.enrolment.users().find(({ name }) => name === 'carol')?.role).toBe('admin');
  });

  test.each(['local', 'hub', 'Upper', '', 'a/b', '../x'])('cannot be called "%s"', async (name) => {
    await expect(hub.user(name, 'viewer')).rejects.toMatchObject({ code: 'NAME_INVALID' });
  });
});
