import {
  Bundle,
  Drift,
  DriftKind,
  HealthState,
  RenderProblem,
  RevisionVerdict,
  Severity,
  SyncState,
} from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleName, objectRecord } from '../store/assignment.fake.ts';
import { FakeFleet, viewer } from './fleet.fake.ts';

let fleet: FakeFleet;
const context = viewer();

beforeEach(async () => {
  fleet = await FakeFleet.open(['web-1', 'web-2', 'web-3']);
});
afterEach(() => fleet.close());

const UNKNOWN = SyncState.SYNC_STATE_UNKNOWN;
const SYNCED = SyncState.SYNC_STATE_SYNCED;
const HEALTHY = HealthState.HEALTH_STATE_HEALTHY;

/** web-1 and web-2 run `shop` and `blog` as issued; web-3 never came. */
async function runningFleet(): Promise<void> {
  await fleet.accept('a'.repeat(40));
  for (const host of ['web-1', 'web-2', 'web-3']) await fleet.assign(host, 10n, ['shop', 'blog']);
  for (const host of ['web-1', 'web-2']) await fleet.report(host, 10n, { shop: {}, blog: {} });
}

test('the status sums up the fleet, worst first, and names what is followed', async () => {
  await runningFleet();
  fleet.view = { ...fleet.view, sourceAskedAtMs: fleet.temporary.now - 5000 };
  fleet.changes.notify();
  const status = await fleet.query.getStatus({}, context);
  expect(status).toMatchObject({
    fleetId: 'fleet-id',
    fleetName: 'home',
    accepted: { commit: 'a'.repeat(40) },
    refused: undefined,
    hosts: { total: 3, online: 2, synced: 2, healthy: 2, sync: UNKNOWN },
    incomplete: false,
    sourceAgeMs: 5000n,
  });
  expect(status.hostSummaries.map(({ name, reason }) => [name, reason])).toEqual([
    ['web-3', 'never connected'],
    ['web-1', ''],
    ['web-2', ''],
  ]);
  expect(status.stacks.map(({ name, sum, reason }) => [name, sum?.synced, sum?.total, reason])).toEqual([
    ['blog', 2, 3, 'web-3: never connected'],
    ['shop', 2, 3, 'web-3: never connected'],
  ]);
});

test('what one host says later looks as if the whole fleet were looked at again', async () => {
  await runningFleet();
  const drifts = async () => {
    const { drift, ...sums } = await fleet.query.listDrift(
      { host: '', stack: '', pageSize: 10, pageToken: '' },
      context,
    );
    return { drift, sums, status: await fleet.query.getStatus({}, context) };
  };
  expect((await drifts()).sums).toMatchObject({ total: 0, cleanHosts: 2 });
  const found = Drift.fromPartial({
    service: 'web',
    kind: DriftKind.DRIFT_KIND_MISSING,
    object: 1,
    name: 'shop-web-1',
  });
  await fleet.report('web-2', 10n, { shop: { sync: SyncState.SYNC_STATE_DRIFTED, drift: [found] }, blog: {} });
  const one = await drifts();
  expect(one.sums).toMatchObject({ total: 1, cleanHosts: 1, unknownHosts: [{ name: 'web-3' }] });
  expect(one.status.hosts).toMatchObject({ total: 3, synced: 1 });
  fleet.changes.notify();
  expect(await drifts()).toEqual(one);
});

test('a host that goes away is unknown after three intervals, with its stacks', async () => {
  await runningFleet();
  expect((await fleet.query.getHost({ name: 'web-1' }, context)).host).toMatchObject({
    online: true,
    sync: SYNCED,
    health: HEALTHY,
  });
  fleet.temporary.now += 30_001;
  fleet.presence.sweep();
  const { host, stacks } = await fleet.query.getHost({ name: 'web-1' }, context);
  expect(host).toMatchObject({ online: false, sync: UNKNOWN, lastSeenAgeMs: 30_001n });
  expect(stacks.map(({ sync }) => sync)).toEqual([UNKNOWN, UNKNOWN]);
});

test('a refused newest revision is shown beside the accepted one', async () => {
  await runningFleet();
  await fleet.accept('b'.repeat(40), RevisionVerdict.REVISION_VERDICT_REFUSED);
  expect(await fleet.query.getStatus({}, context)).toMatchObject({
    accepted: { commit: 'a'.repeat(40) },
    refused: { commit: 'b'.repeat(40) },
  });
  const { revisions, nextPageToken } = await fleet.query.listRevisions({ pageSize: 1, pageToken: '' }, context);
  expect(revisions.map(({ commit }) => commit[0])).toEqual(['b']);
  const rest = await fleet.query.listRevisions({ pageSize: 9, pageToken: nextPageToken }, context);
  expect(rest).toMatchObject({ revisions: [{ commit: 'a'.repeat(40) }], nextPageToken: '' });
});

test('a revoked host counts in no sum and is listed as revoked', async () => {
  await runningFleet();
  await fleet.store.updateHost('web-3', { revokedAtMs: 5 });
  const status = await fleet.query.getStatus({}, context);
  expect(status.hosts).toMatchObject({ total: 2, synced: 2, sync: SYNCED });
  const { hosts } = await fleet.query.listHosts({ pageSize: 0, pageToken: '', selector: '' }, context);
  expect(hosts.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
    'web-1 ',
    'web-2 ',
    'web-3 its identity was revoked',
  ]);
});

test('a host that does not render for itself has failed, with the reason', async () => {
  await runningFleet();
  const problem = RenderProblem.create({ code: 'COMPOSE_TYPE', message: 'No.', host: 'web-1', stack: 'shop' });
  fleet.view = { ...fleet.view, hosts: new Map([['web-1', { labels: {}, problems: [problem] }]]) };
  fleet.changes.notify();
  const { host } = await fleet.query.getHost({ name: 'web-1' }, context);
  expect(host).toMatchObject({
    sync: SyncState.SYNC_STATE_FAILED,
    reason: 'COMPOSE_TYPE: No.',
    problems: [{ stack: 'shop' }],
  });
});

test('hosts are paged by name and chosen by labels, those of Git winning', async () => {
  fleet.view = { ...fleet.view, hosts: new Map([['web-2', { labels: { role: 'db' }, problems: [] }]]) };
  const first = await fleet.query.listHosts({ pageSize: 2, pageToken: '', selector: '' }, context);
  expect(first.hosts.map(({ name }) => name)).toEqual(['web-1', 'web-2']);
  const second = await fleet.query.listHosts({ pageSize: 2, pageToken: first.nextPageToken, selector: '' }, context);
  expect(second).toMatchObject({ hosts: [{ name: 'web-3' }], nextPageToken: '' });
  const chosen = await fleet.query.listHosts({ pageSize: 0, pageToken: '', selector: 'role=web' }, context);
  expect(chosen.hosts.map(({ name }) => name)).toEqual(['web-1', 'web-3']);
});

test('stacks are paged by name, with the state on every host', async () => {
  await runningFleet();
  const first = await fleet.query.listStacks({ pageSize: 1, pageToken: '' }, context);
  expect(first.stacks).toMatchObject([
    { name: 'blog', hosts: [{ host: 'web-1' }, { host: 'web-2' }, { host: 'web-3', sync: UNKNOWN }] },
  ]);
  const second = await fleet.query.listStacks({ pageSize: 1, pageToken: first.nextPageToken }, context);
  expect(second).toMatchObject({ stacks: [{ name: 'shop' }], nextPageToken: '' });
});

test('drift is paged, and hosts that nobody can speak for are named and not called clean', async () => {
  await runningFleet();
  const drift = ['a', 'b', 'c'].map((field) => Drift.create({ field, kind: DriftKind.DRIFT_KIND_MODIFIED }));
  await fleet.report('web-1', 10n, { shop: { sync: SyncState.SYNC_STATE_DRIFTED, drift }, blog: {} });
  const ask = (change: object) =>
    fleet.query.listDrift({ host: '', stack: '', pageSize: 2, pageToken: '', ...change }, context);
  const first = await ask({});
  expect(first).toMatchObject({ total: 3, cleanHosts: 1, unknownHosts: [{ name: 'web-3', lastSeenAgeMs: -1n }] });
  const second = await ask({ pageToken: first.nextPageToken });
  expect([...first.drift, ...second.drift].map(({ field }) => field)).toEqual(['a', 'b', 'c']);
  expect(second.nextPageToken).toBe('');
  expect(await ask({ host: 'web-2' })).toMatchObject({ total: 0, cleanHosts: 1, unknownHosts: [] });
  expect(await ask({ stack: 'blog' })).toMatchObject({ total: 0, cleanHosts: 2, unknownHosts: [{ name: 'web-3' }] });
  expect((await fleet.query.getHost({ name: 'web-1' }, context)).host?.driftCount).toBe(3);
});

test('events are filtered and paged, newest first', async () => {
  for (const severity of [Severity.SEVERITY_INFO, Severity.SEVERITY_ERROR, Severity.SEVERITY_INFO]) {
    await fleet.store.addHubEvent({ kind: 'hub.test', severity, message: 'Told.', host: 'web-1' });
  }
  const ask = (change: object) =>
    fleet.query.listEvents({ host: '', stack: '', severity: 0, pageSize: 2, pageToken: '', ...change }, context);
  const first = await ask({});
  const second = await ask({ pageToken: first.nextPageToken });
  expect([...first.events, ...second.events].map(({ cursor }) => Number(cursor))).toEqual([3, 2, 1]);
  expect((await ask({ severity: Severity.SEVERITY_WARNING })).events).toHaveLength(1);
  expect((await ask({ host: 'web-2' })).events).toEqual([]);
});

test('a bundle is found by the beginning of its digest, with the hosts that run it', async () => {
  const record = objectRecord(Buffer.from(Bundle.encode(Bundle.create({ stack: 'shop' })).finish()).toString(), 'shop');
  await fleet.store.putObjects([record]);
  const found = await fleet.query.getBundle({ digest: record.object.slice(0, 20) }, context);
  expect(found).toMatchObject({ object: record.object, bundle: { stack: 'shop' }, hosts: [] });
});

test('the hub tells about itself', async () => {
  expect(await fleet.query.getHub({}, context)).toMatchObject({
    version: '0.1.0',
    fleetName: 'home',
    checks: [{ name: 'broker', ok: true }],
    counters: [
      { name: 'classes_rendered', value: 1n },
      { name: 'objects_published', value: 2n },
    ],
  });
});

type Refused = readonly [what: string, ask: () => Promise<unknown>, code: string];
const REFUSED: readonly Refused[] = [
  ['an unknown host', () => fleet.query.getHost({ name: 'nobody' }, context), 'NOT_FOUND'],
  [
    'drift of an unknown host',
    () => fleet.query.listDrift({ host: 'nobody', stack: '', pageSize: 0, pageToken: '' }, context),
    'NOT_FOUND',
  ],
  ['an unknown bundle', () => fleet.query.getBundle({ digest: bundleName('none') }, context), 'NOT_FOUND'],
  ['a short digest', () => fleet.query.getBundle({ digest: 'sha256:abc' }, context), 'INVALID_ARGUMENT'],
  [
    'a page that is too large',
    () => fleet.query.listStacks({ pageSize: 1001, pageToken: '' }, context),
    'INVALID_ARGUMENT',
  ],
  [
    'a token that is none',
    () => fleet.query.listStacks({ pageSize: 1, pageToken: '???' }, context),
    'INVALID_ARGUMENT',
  ],
  [
    'a selector that is none',
    () => fleet.query.listHosts({ pageSize: 1, pageToken: '', selector: '=,' }, context),
    'FLEET_SELECTOR',
  ],
];

test.each(REFUSED)('%s is refused with its code', async (_what, ask, code) => {
  await expect(ask()).rejects.toMatchObject({ code });
});
