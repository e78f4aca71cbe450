import { RevisionVerdict, Severity, SyncState } from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeFleet, viewer } from './fleet.fake.ts';

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.open(['web-1', 'web-2']);
});
afterEach(() => fleet.close());

const COMMIT = 'abc1234'.padEnd(40, '0');

async function addEvents(count: number, host = 'web-1'): Promise<void> {
  const draft = { kind: 'hub.test', severity: Severity.SEVERITY_INFO, message: 'Told.', host };
  await Promise.all(Array.from({ length: count }, () => fleet.store.addHubEvent(draft)));
}

async function read<T>(stream: AsyncIterator<T>, count: number): Promise<T[]> {
  const items: T[] = [];
  while (items.length < count) {
    const { done, value } = await stream.next();
    if (done === true) throw new Error(`the stream ended after ${items.length}; ${count} are wanted`);
    items.push(value);
  }
  return items;
}

function watchEvents(afterCursor: bigint, host = '') {
  const context = viewer();
  const stream = fleet.query.watchEvents({ afterCursor, host, stack: '' }, context)[Symbol.asyncIterator]();
  return { stream, end: context.end };
}

test('events are resumed from a cursor, the old and the new ones without a gap and none twice', async () => {
  await addEvents(600);
  const { stream, end } = watchEvents(10n);
  const backlog = await read(stream, 590);
  const waiting = read(stream, 3);
  await addEvents(3);
  const cursors = [...backlog, ...(await waiting)].map(({ event }) => Number(event?.cursor));
  expect(cursors).toEqual(Array.from({ length: 593 }, (_, index) => index + 11));
  end();
  expect((await stream.next()).done).toBe(true);
});

test('without a cursor only new events are told, and only those of the host that is asked for', async () => {
  await addEvents(2);
  const { stream } = watchEvents(0n, 'web-2');
  const waiting = read(stream, 1);
  await addEvents(2);
  await addEvents(1, 'web-2');
  expect(await waiting).toMatchObject([{ event: { cursor: 5n, host: 'web-2' } }]);
});

test('a cursor that this hub never gave is refused', async () => {
  await expect(watchEvents(99n).stream.next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('the status is told at once, again after a change, and ends with the call', async () => {
  const context = viewer();
  const stream = fleet.query.watchStatus({}, context)[Symbol.asyncIterator]();
  expect(await read(stream, 1)).toMatchObject([{ status: { hosts: { online: 0 } } }]);
  const waiting = read(stream, 1);
  await fleet.report('web-1', 0n, {});
  expect(await waiting).toMatchObject([{ status: { hosts: { online: 1 } } }]);
  const last = stream.next();
  context.end();
  expect((await last).done).toBe(true);
});

test('a revision is watched from before it is seen until every host runs it', async () => {
  const stream = fleet.query.watchRevision({ revision: COMMIT.slice(0, 7) }, viewer())[Symbol.asyncIterator]();
  expect(await read(stream, 1)).toMatchObject([{ revision: undefined, finished: false }]);
  await fleet.accept(COMMIT);
  await fleet.assign('web-1', 10n, ['shop']);
  await fleet.assign('web-2', 10n, ['shop']);
  await fleet.report('web-1', 10n, { shop: {} });
  await fleet.report('web-2', 10n, { shop: { sync: SyncState.SYNC_STATE_FAILED } });
  await expect
    .poll(async () => (await read(stream, 1))[0])
    .toMatchObject({ total: 2, done: 1, failed: ['web-2'], waiting: [], finished: false });
  const last = read(stream, 1);
  await fleet.report('web-2', 10n, { shop: {} });
  expect(await last).toMatchObject([{ revision: { commit: COMMIT }, total: 2, done: 2, finished: true }]);
  expect((await stream.next()).done).toBe(true);
});

test('a revision whose assignments are not stored yet is not done, although every host is well', async () => {
  await fleet.accept('f'.repeat(40));
  await fleet.assign('web-1', 10n, ['shop']);
  await fleet.report('web-1', 10n, { shop: {} });
  const texts = {
    commit: COMMIT,
    subject: '',
    author: '',
    problems: [],
    warnings: [],
    committedAtMs: 1,
    decidedAtMs: 2,
  };
  const counts = { classesRendered: 0, objectsPublished: 0, assignmentsIssued: 0 };
  const verdict = RevisionVerdict.REVISION_VERDICT_ACCEPTED;
  const { sequence } = await fleet.store.addRevision({ ...texts, ...counts, verdict });
  const stream = fleet.query.watchRevision({ revision: '' }, viewer())[Symbol.asyncIterator]();
  expect(await read(stream, 1)).toMatchObject([{ revision: { commit: COMMIT }, total: 0, finished: false }]);
  const last = read(stream, 1);
  // Nothing selects the other host, as its rendering says.
  fleet.view = { ...fleet.view, hosts: new Map([['web-2', { labels: {}, problems: [] }]]) };
  await fleet.store.updateRevision(sequence, counts);
  expect(await last).toMatchObject([{ total: 1, done: 1, finished: true }]);
});

test('a refused revision is finished at once', async () => {
  await fleet.accept(COMMIT, RevisionVerdict.REVISION_VERDICT_REFUSED);
  const stream = fleet.query.watchRevision({ revision: COMMIT }, viewer())[Symbol.asyncIterator]();
  expect(await read(stream, 1)).toMatchObject([{ finished: true, total: 0 }]);
});

test('what is no commit is refused', async () => {
  const stream = fleet.query.watchRevision({ revision: 'main' }, viewer())[Symbol.asyncIterator]();
  await expect(stream.next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
