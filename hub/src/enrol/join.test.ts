import 'reflect-metadata';
import { createHash, createPrivateKey, webcrypto } from 'node:crypto';
import { decodeJoinString, MooringError } from '@mooring/proto';
import * as x509 from '@peculiar/x509';
import { createUser } from 'nkeys.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joinRequest, type RunningHub, sendJoin, startRunningHub } from '../grpc/running-hub.fake.ts';
import { problemOf } from '../grpc/status.ts';
import { dataKeyOf } from './fleet.ts';
import { parseCertificate } from './x509.ts';

let hub: RunningHub;

beforeAll(async () => {
  hub = await startRunningHub();
});

afterAll(() => hub.close());

/** Each test its own hosts. */
let count = 0;
function newHost(): string {
  count += 1;
  return `host-${count}`;
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof MooringError ? error.code : 'other';
  }
}

async function attempt(host: string, edit: Partial<Awaited<ReturnType<typeof joinRequest>>['request']> = {}) {
  const { request } = await joinRequest(await hub.joinString(host));
  return codeOf(hub.enrolment.join({ ...request, ...edit }, '10.0.0.1'));
}

describe('a join over the join port', () => {
  test('gives a certificate of the invited name for the key of the request, and registers the host first', async () => {
    const registered: string[] = [];
    hub.registered = async ({ name }) => void registered.push(name);
    const { request, key } = await joinRequest(await hub.joinString('web-1'));
    const response = await sendJoin(hub, request);
    expect(registered).toEqual(['web-1']);
    const certificate = parseCertificate(response.certificates[0] ?? Buffer.alloc(0));
    expect(certificate.subjectAltName).toBe(`URI:spiffe://${hub.fleet.id}/agent/web-1`);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(certificate.validToDate.getTime() - hub.now).toBeLessThanOrEqual(90 * 86_400_000);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(response.dataKey).toEqual(Buffer.from(dataKeyOf(hub.fleet, response.identityId)));
    expect(hub.store.host('web-1')).toMatchObject({ identityId: response.identityId, nkey: request.nkey });
  });

  test('works once: the second is refused, told to the hub, and changes nothing', async () => {
    const { request } = await joinRequest(await hub.joinString('web-2'));
    await sendJoin(hub, request);
    const before = hub.store.host('web-2');
    const error = await sendJoin(hub, request).catch((thrown) => thrown);
    expect(problemOf(error.metadata)?.code).toBe('TOKEN_USED');
    expect(hub.store.host('web-2')).toEqual(before);
    const [event] = hub.store.events({ limit: 1 });
    expect(event).toMatchObject({ kind: 'join.token-reused', host: 'web-2', code: 'TOKEN_USED' });
  });

  test('is won by exactly one of two at the same time', async () => {
    const text = await hub.joinString('web-3');
    const requests = await Promise.all([joinRequest(text), joinRequest(text)]);
    const outcomes = await Promise.allSettled(requests.map(({ request }) => sendJoin(hub, request)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(hub.store.host('web-3')?.nkey).toBe(requests[winner]?.request.nkey);
  });

  test('goes through when the broker is late, and says so', async () => {
    hub.registered = async () => {
      throw new MooringError('BROKER_UNREACHABLE', 'Cannot reach broker: it is away; a broker is wanted');
    };
    const { request } = await joinRequest(await hub.joinString('web-4'));
    await sendJoin(hub, request);
    expect(hub.store.events({ limit: 1 })[0]?.kind).toBe('identity.broker-pending');
    hub.registered = async () => undefined;
  });

  test('is slowed down per address', async () => {
    const { request } = await joinRequest(await hub.joinString('web-5'));
    const tries = Array.from({ length: 20 }, () =>
      sendJoin(hub, { ...request, tokenId: 'nobody' }).catch((thrown) => thrown),
    );
    const refusals = (await Promise.all(tries)).map(({ metadata }) => [
      problemOf(metadata)?.code,
      ...metadata.get('grpc-retry-pushback-ms'),
    ]);
    expect(refusals).toContainEqual(['RATE_LIMITED', '1000']);
  });
});

describe('a token', () => {
  test('of nobody and a wrong secret are refused in the same words', async () => {
    expect(await attempt(newHost(), { tokenId: 'nobody' })).toBe('TOKEN_UNKNOWN');
    expect(await attempt(newHost(), { tokenSecret: Buffer.alloc(32) })).toBe('TOKEN_UNKNOWN');
    expect(await attempt(newHost(), { tokenSecret: Buffer.alloc(0) })).toBe('TOKEN_UNKNOWN');
  });

  test('expires', async () => {
    const { request } = await joinRequest(await hub.joinString(newHost()));
    hub.now += 3_600_000;
    expect(await codeOf(hub.enrolment.join(request, '10.0.0.1'))).toBe('TOKEN_EXPIRED');
    hub.now -= 3_600_000;
  });

  test('is stored as a hash alone', async () => {
    const { tokenId, tokenSecret } = decodeJoinString(await hub.joinString(newHost()));
    const invitation = JSON.stringify(hub.store.invitation(tokenId));
    expect(invitation).not.toContain(Buffer.from(tokenSecret).toString('hex'));
    expect(invitation).toContain(createHash('sha256').update(tokenSecret).digest('hex'));
  });
});

describe('a join is refused', () => {
  test('with an nkey that did not sign, is of another kind, or belongs to a host', async () => {
    expect(await attempt(newHost(), { nkeySignature: Buffer.alloc(64) })).toBe('INVALID_ARGUMENT');
    expect(await attempt(newHost(), { nkey: 'UGARBAGE' })).toBe('INVALID_ARGUMENT');
    const user = createUser();
    for (const expected of [undefined, 'INVALID_ARGUMENT']) {
      const { request } = await joinRequest(await hub.joinString(newHost()));
      const nkeySignature = Buffer.from(user.sign(createHash('sha256').update(request.csr).digest()));
      const own = { ...request, nkey: user.getPublicKey(), nkeySignature };
      expect(await codeOf(hub.enrolment.join(own, '10.0.0.1'))).toBe(expected);
    }
  });

  test('with facts that are no plain text', async () => {
    expect(await attempt(newHost(), { machineId: '\u001b[31m' })).toBe('INVALID_ARGUMENT');
    expect(await attempt(newHost(), { agentVersion: 'x'.repeat(1000) })).toBe('INVALID_ARGUMENT');
  });

  test('where the name is taken and the invitation does not replace', async () => {
    const [first, second] = [await hub.joinString('taken'), await hub.joinString('taken')];
    await hub.enrolment.join((await joinRequest(first)).request, '10.0.0.1');
    expect(await codeOf(hub.enrolment.join((await joinRequest(second)).request, '10.0.0.1'))).toBe('HOST_EXISTS');
    expect(await codeOf(hub.joinString('taken'))).toBe('HOST_EXISTS');
  });
});

test('a new identity ends the old one', async () => {
  const host = newHost();
  await hub.agent(host);
  const before = hub.store.host(host)?.identityId;
  await hub.enrolment.join((await joinRequest(await hub.joinString(host, true))).request, '10.0.0.1');
  expect(hub.changes.at(-1)).toEqual({ host, ended: [before] });
});

/** A request that an honest agent would not send. */
async function oddRequest(
  algorithm: webcrypto.Algorithm & { readonly namedCurve?: string },
  extensions: x509.Extension[] = [],
): Promise<Buffer> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const signingAlgorithm = { name: algorithm.name, hash: 'SHA-256' };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=hub',
    keys,
    signingAlgorithm,
    extensions,
  });
  return Buffer.from(request.rawData);
}

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 1024,
  publicExponent: new Uint8Array([1, 0, 1]),
};

describe('a certificate request', () => {
  test.each([RSA, { name: 'ECDSA', namedCurve: 'P-384' }])(
    'for a key of kind $name $namedCurve is refused',
    async (algorithm) => {
      expect(await attempt(newHost(), { csr: await oddRequest(algorithm) })).toBe('CSR_KEY');
    },
  );

  test('with a broken signature, garbage or too many bytes is refused', async () => {
    const { request } = await joinRequest(await hub.joinString(newHost()));
    const broken = Buffer.from(request.csr);
    broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
    expect(await attempt(newHost(), { csr: broken })).toBe('CSR_SIGNATURE');
    expect(await attempt(newHost(), { csr: Buffer.from('garbage') })).toBe('CSR_FORMAT');
    expect(await attempt(newHost(), { csr: Buffer.alloc(0) })).toBe('CSR_FORMAT');
    expect(await attempt(newHost(), { csr: Buffer.alloc(1_000_000) })).toBe('CSR_TOO_LARGE');
  });

  test('that asks for a name and an authority of its own gets neither', async () => {
    const csr = await oddRequest({ name: 'ECDSA', namedCurve: 'P-256' }, [
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${hub.fleet.id}/hub` }]),
      new x509.BasicConstraintsExtension(true, undefined, true),
    ]);
    const host = newHost();
    const { request } = await joinRequest(await hub.joinString(host));
    const user = createUser();
    const response = await hub.enrolment.join(
      {
        ...request,
        csr,
        nkey: user.getPublicKey(),
        nkeySignature: Buffer.from(user.sign(createHash('sha256').update(csr).digest())),
      },
      '10.0.0.1',
    );
    const certificate = parseCertificate(response.certificates[0] ?? Buffer.alloc(0));
    expect(certificate.subjectAltName).toBe(`URI:spiffe://${hub.fleet.id}/agent/${host}`);
    expect(certificate.ca).toBe(false);
    expect(certificate.subject).toBe(`CN=${host}`);
  });
});
