import { generateKeyPairSync } from 'node:crypto';
import { AskBackRequest, Assignment, PAYLOAD_TYPES, signEnvelope } from '@mooring/proto';
import { createUser } from 'nkeys.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Credentials, joinRequest, type RunningHub, startRunningHub } from '../grpc/running-hub.fake.ts';
import { parseCertificate } from './x509.ts';

let hub: RunningHub;
const COMMIT = 'c0ffee'.padEnd(40, '0');
const UUID = '0192f0c1-0000-7000-8000-00000000000';

beforeAll(async () => {
  hub = await startRunningHub();
});
afterAll(() => hub.close());

const callerOf = ({ cert }: Credentials) => hub.enrolment.callerOf(parseCertificate(cert).raw);

/** What an honest agent says of itself, with its own nkey. */
function asking(host: Credentials, change: Partial<AskBackRequest> = {}): AskBackRequest {
  const user = createUser();
  const spkiHash = callerOf(host).key?.spkiHash ?? '';
  return {
    ...AskBackRequest.create(),
    identityId: `${UUID}${host.name.at(-1)}`,
    nkey: user.getPublicKey(),
    nkeySignature: Buffer.from(user.sign(Buffer.from(spkiHash, 'hex'))),
    machineId: `machine of ${host.name}`,
    agentVersion: '0.1.0',
    highWater: 7n,
    accepted: signed({ host: host.name }),
    labels: [{ name: 'role', value: 'web' }],
    labelsTold: true,
    ...change,
  };
}

function signed(change: Partial<Assignment>, key = hub.fleet.assignmentKey): Buffer {
  const assignment = Assignment.fromPartial({
    fleetId: hub.fleet.id,
    generation: 9n,
    issuedAtMs: 5n,
    reason: `commit ${COMMIT.slice(0, 12)}: first`,
    actor: 'Ada',
    stacks: [
      { stack: 'shop', commit: COMMIT },
      { stack: 'mail', commit: 'beef' },
    ],
    ...change,
  });
  return Buffer.from(signEnvelope(PAYLOAD_TYPES.assignment, Assignment.encode(assignment).finish(), key));
}

async function ask(name: string, change: Partial<AskBackRequest> = {}): Promise<Credentials> {
  const host = await hub.forgottenAgent(name);
  await hub.enrolment.askBack(callerOf(host), asking(host, change));
  return host;
}

const approve = (hosts: readonly string[], labels: { name: string; value: string }[] = []) =>
  hub.enrolment.approve({ hosts, all: false, labels, actor: 'alice' });

describe('a host that the hub does not remember', () => {
  test('has no rights until it is approved, and then those of its certificate, with what it said of itself', async () => {
    const host = await ask('web-1');
    expect(hub.store.host('web-1')).toBeUndefined();
    expect(callerOf(host).role).toBe('returning');
    expect(hub.enrolment.returning()).toMatchObject([{ name: 'web-1', highWater: 9n, labels: { role: 'web' } }]);
    expect(await approve(['web-1'])).toEqual({ hosts: ['web-1'], withoutLabels: [] });
    expect(callerOf(host)).toMatchObject({ name: 'web-1', role: 'agent', identityId: `${UUID}1` });
    expect(hub.store.host('web-1')).toMatchObject({ labels: { role: 'web' }, machineId: 'machine of web-1' });
    expect(hub.store.highWater('web-1')).toBe(9n);
    expect(hub.enrolment.returning()).toEqual([]);
    const events = hub.store.events({ host: 'web-1', limit: 9 }).map(({ kind, message }) => `${kind}: ${message}`);
    expect(events).toEqual([
      expect.stringMatching(/^identity.approved: alice let host web-1 in again by its certificate, key [0-9a-f]{16}$/),
      expect.stringMatching(/^identity.asks-back: .*mooring approve web-1$/),
    ]);
    expect(hub.changes.at(-1)).toEqual({ host: 'web-1', ended: [] });
  });

  test('tells of the commits that it runs, marked as its word', async () => {
    await ask('web-2');
    await approve(['web-2']);
    expect(hub.store.toldRevisions()).toEqual([
      { commit: 'beef', host: expect.stringMatching(/^web-[12]$/), issuedAtMs: 5, reason: '', actor: '' },
      {
        commit: COMMIT,
        host: expect.stringMatching(/^web-[12]$/),
        issuedAtMs: 5,
        reason: `commit ${COMMIT.slice(0, 12)}: first`,
        actor: 'Ada',
      },
    ]);
  });

  test('asks again later the more hosts ask, and is forgotten once it no longer asks', async () => {
    const [one, two] = [await hub.forgottenAgent('web-3'), await hub.forgottenAgent('web-4')];
    const first = await hub.enrolment.askBack(callerOf(one), asking(one));
    const second = await hub.enrolment.askBack(callerOf(two), asking(two));
    expect(second.askAgainMs).toBeGreaterThan(first.askAgainMs);
    hub.now += 11 * 60_000;
    expect(hub.enrolment.returning()).toEqual([]);
    await expect(approve(['web-3'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('without labels is told of, and gets those that are given for it', async () => {
    await ask('web-5', { labels: [], labelsTold: false });
    expect(await approve(['web-5'])).toEqual({ hosts: ['web-5'], withoutLabels: ['web-5'] });
    await ask('web-6', { labels: [], labelsTold: false });
    await approve(['web-6'], [{ name: 'role', value: 'db' }]);
    expect(hub.store.host('web-6')?.labels).toEqual({ role: 'db' });
  });

  test('that is known by another key takes its place, and the other key never comes back', async () => {
    const before = await hub.agent('web-7');
    const after = await ask('web-7');
    expect(callerOf(before).role).toBe('agent');
    await approve(['web-7']);
    expect(callerOf(after).role).toBe('agent');
    expect(() => callerOf(before)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });

  test('cannot come back by a key that ended', async () => {
    const [removed, replaced] = [await hub.agent('gone-1'), await hub.agent('gone-2')];
    await hub.enrolment.removeHost({ host: 'gone-1', actor: 'alice' });
    const { request } = await joinRequest(await hub.joinString('gone-2', true));
    await hub.enrolment.join(request, '127.0.0.1');
    for (const host of [removed, replaced])
      expect(() => callerOf(host)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });
});

describe('what no honest host says is refused:', () => {
  const other = generateKeyPairSync('ed25519').privateKey;
  const CASES: readonly (readonly [what: string, change: () => Partial<AskBackRequest>, code: string])[] = [
    ['an nkey that it does not own', () => ({ nkey: createUser().getPublicKey() }), 'INVALID_ARGUMENT'],
    ['an identity without id', () => ({ identityId: 'me' }), 'INVALID_ARGUMENT'],
    ['the identity of another host', () => ({ identityId: `${UUID}1` }), 'INVALID_ARGUMENT'],
    ['a machine id with control characters', () => ({ machineId: 'a\nb' }), 'INVALID_ARGUMENT'],
    ['labels that are none', () => ({ labels: [{ name: '', value: '' }] }), 'INVALID_ARGUMENT'],
    ['an assignment that is none', () => ({ accepted: Buffer.from('{}') }), 'ASSIGNMENT_FORMAT'],
    [
      'an assignment that another key signed',
      () => ({ accepted: signed({ host: 'bad-8' }, other) }),
      'ASSIGNMENT_KEY_UNKNOWN',
    ],
    ['the assignment of another host', () => ({ accepted: signed({ host: 'web-1' }) }), 'ASSIGNMENT_WRONG_HOST'],
  ];
  test.each(CASES)('%s', async (_what, change, code) => {
    const host = await hub.forgottenAgent('bad-8');
    const asked = hub.enrolment.askBack(callerOf(host), asking(host, change()));
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining('Cannot') });
    expect(hub.enrolment.returning().map(({ name }) => name)).not.toContain('bad-8');
  });
});
