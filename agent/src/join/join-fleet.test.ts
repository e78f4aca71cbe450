import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { JoinResponse } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificateProblem, renewAtMs } from './certificate.ts';
import { makeHostKey } from './host-key.ts';
import { type FakeHub, startFakeHub } from './hub.fake.ts';
import { loadIdentity, removeIdentity } from './identity-folder.ts';
import { joinFleet } from './join-fleet.ts';
import { renewCertificate } from './renew-certificate.ts';

const DAY_MS = 86_400_000;
const agentVersion = '0.1.0';
let hub: FakeHub;

beforeEach(async () => {
  hub = await startFakeHub();
});

afterEach(() => hub.close());

const joinHub = (options: { joinString?: string; replace?: boolean } = {}) =>
  joinFleet({ joinString: hub.joinString('web-1'), data: hub.data, agentVersion, ...options });
const uri = () => `spiffe://${hub.fleetId}/agent/web-1`;

describe('a join', () => {
  test('puts a whole identity on disk that nobody else may read', async () => {
    const identity = await joinHub();
    expect(loadIdentity(hub.data)).toEqual(identity);
    expect(identity).toMatchObject({ fleetId: hub.fleetId, host: 'web-1', hubAddresses: ['127.0.0.1:7443'] });
    expect(identity.trust.assignmentKeys).toHaveLength(1);
    expect(certificateProblem(identity, Date.now())).toBeUndefined();
    for (const name of ['tls.key', 'tls.crt', 'ca.crt', 'nats.nk', 'data.key', 'identity.json']) {
      expect(statSync(join(hub.data, 'identity', name)).mode & 0o777).toBe(0o400);
    }
    expect(readdirSync(hub.data).sort()).toEqual(['identity', 'trust.json']);
    const sent = JSON.stringify(hub.requests[0]);
    expect(sent).not.toContain(identity.nkeySeed);
    expect(hub.requests[0]?.nkey).toMatch(/^U/);
  });

  const spoils: Record<string, [string, (response: JoinResponse) => JoinResponse | Promise<JoinResponse>]> = {
    'names another host': ['JOIN_REFUSED', (response) => ({ ...response, host: 'web-2' })],
    'brings no certificate': ['JOIN_REFUSED', (response) => ({ ...response, certificates: [] })],
    'brings a short data key': ['JOIN_REFUSED', (response) => ({ ...response, dataKey: Buffer.alloc(16) })],
    'brings an unreadable certificate': [
      'CERT_FORMAT',
      (response) => ({ ...response, certificates: [Buffer.from('x')] }),
    ],
    'brings an unreadable trust file': ['TRUST_FORMAT', (response) => ({ ...response, trust: Buffer.from('{}') })],
    'brings a trust file of another root key': [
      'TRUST_SIGNATURE',
      (response) => ({ ...response, trust: hub.trust({}, generateKeyPairSync('ed25519').privateKey) }),
    ],
    'brings a trust file of another fleet': [
      'JOIN_FLEET',
      (response) => ({ ...response, trust: hub.trust({ fleetId: 'x' }) }),
    ],
    'brings a trust file without keys': [
      'TRUST_FORMAT',
      (response) => ({ ...response, trust: hub.trust({ assignmentKeys: [] }) }),
    ],
    'brings a trust file of another authority': [
      'TRUST_FORMAT',
      (response) => ({ ...response, trust: hub.trust({ caCertificates: [] }) }),
    ],
  };

  test.each(Object.entries(spoils))('whose answer %s is refused and leaves nothing', async (_, [code, spoil]) => {
    hub.spoil = (response) => spoil(response) as JoinResponse;
    await expect(joinHub()).rejects.toMatchObject({ code });
    expect(readdirSync(hub.data)).toEqual([]);
  });

  test('whose certificate is for another key or name is refused', async () => {
    const { csr } = await makeHostKey();
    const foreign = await hub.issue(csr, uri());
    hub.spoil = (response) => ({ ...response, certificates: [foreign] });
    await expect(joinHub()).rejects.toMatchObject({ code: 'CERT_MISMATCH' });
    expect(existsSync(join(hub.data, 'identity'))).toBe(false);
  });

  test('trusts only the authority of its string', async () => {
    const other = await startFakeHub();
    const joinString = hub.joinString('web-1', { caCertificate: await otherAuthority(other) });
    await expect(joinHub({ joinString })).rejects.toMatchObject({ code: 'JOIN_FLEET' });
    expect(hub.requests).toEqual([]);
    other.close();
  });

  test('says that nobody answers', async () => {
    const joinString = hub.joinString('web-1');
    const { data } = hub;
    hub.close();
    await expect(joinFleet({ joinString, data, agentVersion })).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
    rmSync(dirname(data), { recursive: true });
    hub = await startFakeHub();
  });

  test('is refused before the token is used when the folder is open to others', async () => {
    mkdirSync(hub.data, { recursive: true, mode: 0o755 });
    chmodSync(hub.data, 0o755);
    await expect(joinHub()).rejects.toMatchObject({ code: 'KEY_PERMISSIONS' });
    expect(hub.requests).toEqual([]);
  });
});

async function otherAuthority(other: FakeHub): Promise<Uint8Array> {
  const { decodeJoinString } = await import('@mooring/proto');
  return decodeJoinString(other.joinString('web-1')).caCertificate;
}

describe('a host that has joined', () => {
  test('joins again only for a new identity of the same host and fleet', async () => {
    const first = await joinHub();
    await expect(joinHub()).rejects.toMatchObject({ code: 'ALREADY_JOINED' });
    await expect(joinHub({ joinString: hub.joinString('web-2'), replace: true })).rejects.toMatchObject({
      code: 'ALREADY_JOINED',
    });
    const foreign = hub.joinString('web-1', { fleetId: '0193f1f0-0000-7000-8000-000000000009' });
    await expect(joinHub({ joinString: foreign, replace: true })).rejects.toMatchObject({ code: 'JOIN_FLEET' });
    expect(loadIdentity(hub.data)).toEqual(first);
    const second = await joinHub({ replace: true });
    expect(second.nkeySeed).not.toBe(first.nkeySeed);
    expect(readdirSync(hub.data).sort()).toEqual(['identity', 'trust.json']);
  });

  test('has an identity again after a crash between the two renames', async () => {
    const identity = await joinHub();
    renameSync(join(hub.data, 'identity'), join(hub.data, 'identity.previous'));
    expect(loadIdentity(hub.data)).toEqual(identity);
  });

  test.each(['identity/tls.key', 'identity/data.key', 'identity', 'trust.json'])(
    'is refused while others may read %s',
    async (path) => {
      await joinHub();
      chmodSync(join(hub.data, path), 0o755);
      expect(() => loadIdentity(hub.data)).toThrowError(expect.objectContaining({ code: 'KEY_PERMISSIONS' }));
    },
  );

  test('notices a damaged identity', async () => {
    await joinHub();
    writeFileSync(join(hub.data, 'trust.json'), readFileSync(join(hub.data, 'trust.json')).subarray(0, 100));
    expect(() => loadIdentity(hub.data)).toThrowError(expect.objectContaining({ code: 'TRUST_FORMAT' }));
    removeIdentity(hub.data);
    expect(() => loadIdentity(hub.data)).toThrowError(expect.objectContaining({ code: 'NOT_JOINED' }));
  });

  test('reports an expired certificate and goes on', async () => {
    const identity = await joinHub();
    expect(certificateProblem(identity, Date.now() + 400 * DAY_MS)?.code).toBe('CERT_EXPIRED');
    expect(certificateProblem(identity, Date.now() - 400 * DAY_MS)?.code).toBe('CERT_NOT_YET_VALID');
    const { startsAtMs, endsAtMs } = identity.certificate;
    const share = (renewAtMs(identity) - startsAtMs) / (endsAtMs - startsAtMs);
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.73);
  });
});

describe('a renewal', () => {
  test('replaces key and certificate together', async () => {
    const before = await joinHub();
    const after = await renewCertificate(hub.data, before, async (csr) => ({
      certificates: [await hub.issue(csr, uri())],
      trust: hub.trust({ version: 2n }),
    }));
    expect(after.tls.key).not.toBe(before.tls.key);
    expect(after.trust.version).toBe(2n);
    expect(after.nkeySeed).toBe(before.nkeySeed);
    expect(loadIdentity(hub.data)).toEqual(after);
  });

  test('for another key, another name, or with a trust file out of order keeps the old identity', async () => {
    const before = await joinHub();
    const foreign = (await makeHostKey()).csr;
    const answers: [string, (csr: Buffer) => Promise<{ certificates: Buffer[]; trust: Buffer }>][] = [
      ['CERT_MISMATCH', async () => ({ certificates: [await hub.issue(foreign, uri())], trust: hub.trust() })],
      ['CERT_MISMATCH', async (csr) => ({ certificates: [await hub.issue(csr, `${uri()}2`)], trust: hub.trust() })],
      [
        'TRUST_FORMAT',
        async (csr) => ({ certificates: [await hub.issue(csr, uri())], trust: hub.trust({ version: 3n }) }),
      ],
      ['CERT_FORMAT', async () => ({ certificates: [], trust: hub.trust() })],
    ];
    for (const [code, answer] of answers) {
      await expect(renewCertificate(hub.data, before, answer)).rejects.toMatchObject({ code });
      expect(loadIdentity(hub.data)).toEqual(before);
    }
  });
});
