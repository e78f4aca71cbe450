import {
  Drift,
  DriftAction,
  DriftKind,
  Event,
  HealthState,
  HostState,
  RevisionVerdict,
  Severity,
  StackState,
  SyncState,
} from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assignmentRecord, bundleName, objectRecord } from './assignment.fake.ts';
import type { ReportWrite } from './store.ts';
import { hostRecord, joinHost, openTemporaryStore, type TemporaryStore } from './temporary-store.fake.ts';

let temporary: TemporaryStore;

beforeEach(async () => {
  temporary = await openTemporaryStore(['web-1', 'web-2']);
});
afterEach(() => temporary.close());

function stack(name: string, change: Partial<StackState> = {}): StackState {
  const sync = SyncState.SYNC_STATE_SYNCED;
  return { ...StackState.create({ stack: name, sync, health: HealthState.HEALTH_STATE_HEALTHY }), ...change };
}

function report(host: string, change: Partial<ReportWrite>): ReportWrite {
  return { host, full: true, hostState: undefined, stacks: [], goneStacks: [], reportedAtMs: 1000, ...change };
}

test('a host that joined is read back as it was stored', () => {
  expect(temporary.store.host('web-1')).toEqual(hostRecord('web-1', temporary.now));
  expect(temporary.store.hosts().map(({ name }) => name)).toEqual(['web-1', 'web-2']);
});

test('an invitation serves once, for its own host, until it expires', async () => {
  const { store, now } = temporary;
  const invitation = { secretHash: 'aa', host: 'web-3', labels: {}, expiresAtMs: now, usedAtMs: 0, replace: false };
  await store.addInvitation({ ...invitation, id: 'late' });
  await expect(store.joinHost('late', hostRecord('web-3', now))).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  await expect(store.joinHost('none', hostRecord('web-3', now))).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN' });
  await store.addInvitation({ ...invitation, id: 'good', expiresAtMs: now + 1 });
  await expect(store.joinHost('good', hostRecord('other', now))).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN' });
  await store.joinHost('good', hostRecord('web-3', now));
  await expect(store.joinHost('good', hostRecord('web-3', now))).rejects.toMatchObject({ code: 'TOKEN_USED' });
  expect(store.invitation('good')?.usedAtMs).toBe(now);
});

test('a name that is taken is refused unless the invitation replaces it, and a replaced host keeps its generations', async () => {
  const { store, now } = temporary;
  await store.putAssignments([assignmentRecord({ host: 'web-1', generation: 7n })]);
  const invitation = { secretHash: 'aa', host: 'web-1', labels: {}, expiresAtMs: now + 9, usedAtMs: 0 };
  await store.addInvitation({ ...invitation, id: 'plain', replace: false });
  await store.addInvitation({ ...invitation, id: 'replacing', replace: true });
  const again = { ...hostRecord('web-1', now), identityId: 'second' };
  await expect(store.joinHost('plain', again)).rejects.toMatchObject({ code: 'HOST_EXISTS' });
  await store.joinHost('replacing', again);
  expect(store.host('web-1')?.identityId).toBe('second');
  expect(store.assignment('web-1')?.generation).toBe(7n);
});

test('a refused write fails alone and its neighbours of the same batch are stored', async () => {
  const { store } = temporary;
  const outcomes = await Promise.allSettled([
    store.updateHost('web-1', { agentVersion: '1.0.0' }),
    store.updateHost('nobody', { agentVersion: '1.0.0' }),
    store.putReport(report('nobody', { stacks: [stack('shop')] })),
    store.updateHost('web-2', { agentVersion: '2.0.0' }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(store.hosts().map(({ agentVersion }) => agentVersion)).toEqual(['1.0.0', '2.0.0']);
  expect(store.stackStates()).toEqual([]);
});

test('the newest assignment is kept whole and older generations still tell which revision they satisfy', async () => {
  const { store } = temporary;
  const stacks = { shop: 'one' };
  await store.putAssignments([assignmentRecord({ host: 'web-1', generation: 10n, revision: 1, stacks })]);
  const newest = assignmentRecord({ host: 'web-1', generation: 20n, revision: 3, stacks: { shop: 'two' } });
  await store.putAssignments([newest]);
  expect(store.assignment('web-1')).toEqual({ ...newest, envelope: Buffer.from(newest.envelope) });
  expect(store.assignmentHead('web-1')?.stacks).toEqual([
    { stack: 'shop', commit: 'c0ffee', bundle: bundleName('two') },
  ]);
  expect([0, 1, 2, 3].map((revision) => store.generationFor('web-1', revision))).toEqual([undefined, 10n, 10n, 20n]);
  expect([...store.generationsFor(2)]).toEqual([['web-1', 10n]]);
  expect(store.hostsOfObject(bundleName('two'), 5)).toEqual(['web-1']);
});

test('a thousand generations of a host are kept, and older ones go in time', async () => {
  const { store } = temporary;
  const records = Array.from({ length: 1100 }, (_, index) =>
    assignmentRecord({ host: 'web-1', generation: BigInt(index + 1), revision: index + 1 }),
  );
  await store.putAssignments(records);
  expect(store.generationFor('web-1', 1)).toBeUndefined();
  expect(store.generationFor('web-1', 100)).toBe(100n);
  expect(store.generationFor('web-1', 1100)).toBe(1100n);
});

test('a generation that does not grow, a host that did not join and bytes that are no envelope are refused', async () => {
  const { store } = temporary;
  await store.putAssignments([assignmentRecord({ host: 'web-1', generation: 10n })]);
  const same = assignmentRecord({ host: 'web-1', generation: 10n, stacks: { shop: 'x' } });
  await expect(store.putAssignments([same])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const foreign = assignmentRecord({ host: 'db-1', generation: 10n });
  await expect(store.putAssignments([foreign])).rejects.toMatchObject({ code: 'HOST_UNKNOWN' });
  const noEnvelope = { ...assignmentRecord({ host: 'web-1', generation: 11n }), envelope: Buffer.from('junk') };
  await expect(store.putAssignments([noEnvelope])).rejects.toMatchObject({ code: 'ASSIGNMENT_FORMAT' });
});

test('objects are found by name, plain digest and prefix, and pruned once no assignment names them', async () => {
  const { store } = temporary;
  const [bundle, content] = [objectRecord('bundle', 'shop'), objectRecord('content')];
  await store.putObjects([bundle, content]);
  await store.putAssignments([assignmentRecord({ host: 'web-1', generation: 1n, objects: [bundle.object] })]);
  expect(store.object(bundle.object)).toEqual(bundle);
  expect(store.objectByPlainDigest(content.plainDigest)).toEqual(content);
  const prefix = bundle.plainDigest.slice('sha256:'.length, 20);
  expect(store.findBundles(prefix)).toEqual([bundle]);
  expect(await store.pruneObjects(temporary.now)).toEqual([]);
  expect(await store.pruneObjects(temporary.now + 1)).toEqual([content.object]);
  expect(store.objectNames()).toEqual([bundle.object]);
});

test('revisions are numbered, found by prefix, and issued once their counts are told', async () => {
  const { store } = temporary;
  const draft = {
    subject: 'A commit',
    author: 'Ada',
    committedAtMs: 1,
    decidedAtMs: 2,
    problems: [],
    warnings: [],
    classesRendered: 3,
    objectsPublished: 0,
    assignmentsIssued: 0,
  };
  const accepted = RevisionVerdict.REVISION_VERDICT_ACCEPTED;
  const first = await store.addRevision({ ...draft, commit: 'abc123', verdict: accepted });
  await store.addRevision({ ...draft, commit: 'def456', verdict: RevisionVerdict.REVISION_VERDICT_REFUSED });
  expect(store.newestRevision()?.commit).toBe('def456');
  expect(store.acceptedRevision()).toEqual({ ...first, issued: false });
  await store.updateRevision(first.sequence, { objectsPublished: 4, assignmentsIssued: 5 });
  expect(store.revision('abc')).toMatchObject({
    objectsPublished: 4,
    assignmentsIssued: 5,
    issued: true,
    classesRendered: 3,
  });
  expect(store.revisions(10).map(({ commit }) => commit)).toEqual(['def456', 'abc123']);
  expect(store.revisions(10, 2).map(({ commit }) => commit)).toEqual(['abc123']);
});

test('a report replaces what it covers, and since stays while sync and health stay', async () => {
  const { store } = temporary;
  const hostState = HostState.create({ acceptedGeneration: 5n, refusal: { code: 'POLICY_DENIED', message: 'No' } });
  await store.putReport(report('web-1', { hostState, stacks: [stack('blog'), stack('shop')] }));
  await store.putReport(report('web-1', { reportedAtMs: 2000, stacks: [stack('shop')] }));
  expect(store.stackHeads().map((head) => [head.stack, head.sinceMs, head.reportedAtMs])).toEqual([
    ['shop', 1000, 2000],
  ]);
  const failed = stack('shop', { sync: SyncState.SYNC_STATE_FAILED });
  await store.putReport(report('web-1', { full: false, reportedAtMs: 3000, stacks: [failed] }));
  expect(store.stackStates({ host: 'web-1' })).toMatchObject([{ sinceMs: 3000, state: { host: 'web-1', sync: 1 } }]);
  expect(store.hostHeads()).toMatchObject([{ host: 'web-1', acceptedGeneration: 5n, refusal: 'POLICY_DENIED: No' }]);
  await store.putReport(report('web-1', { full: false, reportedAtMs: 4000, goneStacks: ['shop'] }));
  expect(store.stackStates()).toEqual([]);
});

test('drift is listed in order, counted, paged and replaced with its stack', async () => {
  const { store } = temporary;
  const difference = (service: string, field: string) =>
    Drift.create({
      host: 'forged',
      service,
      field,
      kind: DriftKind.DRIFT_KIND_MODIFIED,
      action: DriftAction.DRIFT_ACTION_CORRECTING,
    });
  const drift = [difference('web', 'b'), difference('web', 'a'), difference('db', 'c')];
  await store.putReport(report('web-1', { stacks: [stack('shop', { drift })] }));
  await store.putReport(report('web-2', { stacks: [stack('shop', { drift: drift.slice(0, 1) }), stack('blog')] }));
  const all = store.drift({ limit: 10, offset: 0 });
  expect(all.rows.map(({ host, service, field }) => `${host} ${service} ${field}`)).toEqual([
    'web-1 db c',
    'web-1 web a',
    'web-1 web b',
    'web-2 web b',
  ]);
  expect(store.drift({ stack: 'shop', limit: 2, offset: 3 })).toMatchObject({ total: 4, rows: [{ host: 'web-2' }] });
  expect([...store.driftCounts()]).toEqual([
    ['web-1', 3],
    ['web-2', 1],
  ]);
  expect(store.stackStates({ host: 'web-1' })[0]?.state.drift).toHaveLength(3);
  await store.putReport(report('web-1', { full: false, stacks: [stack('shop')] }));
  expect(store.drift({ host: 'web-1', limit: 1, offset: 0 }).total).toBe(0);
});

test('an event is stored once however often it is sent', async () => {
  const { store } = temporary;
  const events = [1n, 2n, 3n].map((sequence) => Event.create({ sequence, kind: 'drift.found', host: 'forged' }));
  const first = await store.addEvents('web-1', 'outbox', events.slice(0, 2));
  expect(first.map(({ cursor, host }) => [cursor, host])).toEqual([
    [1n, 'web-1'],
    [2n, 'web-1'],
  ]);
  expect((await store.addEvents('web-1', 'outbox', events)).map(({ sequence }) => sequence)).toEqual([3n]);
  expect(await store.addEvents('web-1', 'outbox', events)).toEqual([]);
  expect(await store.addEvents('web-2', 'outbox', events)).toHaveLength(3);
  expect(await store.addEvents('web-1', 'born anew', events)).toHaveLength(3);
  expect(store.storedSequence('web-1', 'outbox')).toBe(3n);
  expect(store.events({ host: 'web-1', limit: 100 })).toHaveLength(6);
});

test('events are filtered, and read in both directions from a cursor', async () => {
  const { store } = temporary;
  const severities = [Severity.SEVERITY_INFO, Severity.SEVERITY_WARNING, Severity.SEVERITY_SECURITY];
  for (const severity of severities) {
    await store.addHubEvent({ kind: 'hub.test', severity, message: 'A sentence.', stack: 'shop' });
  }
  const cursors = (query: object) => store.events({ limit: 10, ...query }).map(({ cursor }) => Number(cursor));
  expect(cursors({})).toEqual([3, 2, 1]);
  expect(cursors({ aboveCursor: 1n })).toEqual([2, 3]);
  expect(cursors({ belowCursor: 3n })).toEqual([2, 1]);
  expect(cursors({ severity: Severity.SEVERITY_WARNING, stack: 'shop' })).toEqual([3, 2]);
  expect(cursors({ host: 'web-1' })).toEqual([]);
  expect(store.newestCursor()).toBe(3n);
});

test('a removed host takes its states along and leaves its events', async () => {
  const { store } = temporary;
  await store.putReport(report('web-1', { hostState: HostState.create(), stacks: [stack('shop')] }));
  await store.putAssignments([assignmentRecord({ host: 'web-1', generation: 1n })]);
  await store.addEvents('web-1', 'outbox', [Event.create({ sequence: 1n })]);
  await store.removeHost('web-1');
  expect([
    store.hosts().length,
    store.stackHeads().length,
    store.hostHeads().length,
    store.assignments().length,
  ]).toEqual([1, 0, 0, 0]);
  expect(store.events({ host: 'web-1', limit: 1 })).toHaveLength(1);
  await joinHost(store, 'web-3', temporary.now);
});

test('signs of life are remembered and only grow', async () => {
  const { store } = temporary;
  await store.putLastSeen(new Map([['web-1', 50]]));
  await store.putLastSeen(
    new Map([
      ['web-1', 40],
      ['nobody', 60],
    ]),
  );
  expect([...store.lastSeen()]).toEqual([['web-1', 50]]);
});

test('subscribers are told of each commit that changed something', async () => {
  const { store } = temporary;
  let commits = 0;
  const end = store.subscribe(() => {
    commits++;
  });
  await store.updateHost('web-1', { agentVersion: '9' });
  await store.updateHost('nobody', { agentVersion: '9' }).catch(() => undefined);
  end();
  await store.updateHost('web-1', { agentVersion: '10' });
  expect(commits).toBe(1);
});

test('subscribers are told whose state a commit touched: of a report its host, of an event nobody, else anybody', async () => {
  const { store } = temporary;
  const touched: unknown[] = [];
  store.subscribe((whom) => touched.push(whom));
  await store.putReport(report('web-1', { full: false }));
  await store.addHubEvent({ kind: 'hub.test', severity: 1, message: 'Told.', host: 'web-1' });
  await store.updateHost('web-1', { agentVersion: '9' });
  expect(touched).toEqual([new Set(['web-1']), new Set(), 'fleet']);
});

test('a thousand reports at once are stored by shared commits', async () => {
  const { store } = temporary;
  let commits = 0;
  store.subscribe(() => {
    commits++;
  });
  await Promise.all(
    Array.from({ length: 1000 }, (_, index) =>
      store.putReport(report('web-1', { full: false, stacks: [stack(`s${index}`)] })),
    ),
  );
  expect(store.stackHeads()).toHaveLength(1000);
  expect(commits).toBeLessThan(20);
});
