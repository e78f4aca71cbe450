import { Event, Hello, HostState, Request, StackState, Welcome } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { NewestAssignment } from '../receive/high-water.ts';
import { FakeConversation } from './conversation.fake.ts';
import { HubSession } from './hub-session.ts';
import type { Snapshot } from './report-delta.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const refused = (message: string) => expect.objectContaining({ code: 'HUB_UNREACHABLE', message });
const stack = (name: string, reason = '') => StackState.fromPartial({ stack: name, reason });

function started() {
  const conversation = new FakeConversation();
  const waiting: Event[] = [];
  const heard = { newest: [] as NewestAssignment[], questions: [] as Request[], stored: [] as bigint[], welcomes: 0 };
  const host = { snapshot: { host: HostState.create(), stacks: [stack('shop')] } as Snapshot | undefined };
  const session = new HubSession({
    conversation,
    hello: () => Hello.fromPartial({ host: 'web-1' }),
    snapshot: () => host.snapshot,
    outbox: {
      after: (sequence) => waiting.filter((event) => event.sequence > sequence).slice(0, 200),
      acknowledge: (sequence) => void heard.stored.push(sequence),
    },
    onWelcome: () => {
      heard.welcomes += 1;
    },
    onNewest: (newest) => void heard.newest.push(newest),
    onQuestion: (request) => void heard.questions.push(request),
    nowMs: () => 5,
  });
  const ended = session.run().then(
    () => 'ended',
    (error: unknown) => error,
  );
  const welcome = (change: Partial<Welcome> = {}) =>
    conversation.say({ $case: 'welcome', value: Welcome.fromPartial({ heartbeatIntervalMs: 1000, ...change }) });
  const tell = (...sequences: number[]) => {
    for (const sequence of sequences) waiting.push(Event.fromPartial({ sequence: BigInt(sequence) }));
    session.changed();
  };
  const sentEvents = () =>
    conversation.said('events').flatMap(({ events }) => events.map((event) => Number(event.sequence)));
  const pace = (sequence: bigint, heartbeatIntervalMs = 0) =>
    conversation.say({
      $case: 'pace',
      value: { sequence, heartbeatIntervalMs, newestGeneration: 9n, newestDigest: 'd' },
    });
  const storedReport = (sequence: bigint) => conversation.say({ $case: 'report', value: { sequence } });
  const storedEvents = (sequence: number) =>
    conversation.say({ $case: 'events', value: { sequence: BigInt(sequence) } });
  return { conversation, session, ended, host, heard, welcome, tell, sentEvents, pace, storedReport, storedEvents };
}

describe('a session', () => {
  test('begins with a hello, and says nothing more until it is welcome', async () => {
    const { conversation, tell, welcome, heard } = started();
    tell(1);
    expect(conversation.said('hello')).toMatchObject([{ host: 'web-1' }]);
    expect(conversation.said('report')).toEqual([]);
    await welcome({ newestGeneration: 7n, newestDigest: 'd' });
    expect(heard).toMatchObject({ welcomes: 1, newest: [{ generation: 7n, digest: 'd' }] });
    expect(conversation.said('heartbeat')).toEqual([{ sequence: 1n, sentAtMs: 5n }]);
  });

  test('ends when the hub answers no hello within 15 s', async () => {
    const { ended, conversation } = started();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await ended).toEqual(
      refused('Cannot talk to the hub: it does not answer the hello; a hub that answers is wanted'),
    );
    expect(conversation.ended).toBe(true);
  });

  test('ends with the reason for which the stream broke, and leaves no timer', async () => {
    const { ended, conversation, welcome } = started();
    await welcome();
    conversation.break(new Error('reset by peer'));
    expect(await ended).toEqual(new Error('reset by peer'));
    expect(vi.getTimerCount()).toBe(0);
  });

  test('passes over what a newer hub says', async () => {
    const { conversation, welcome, ended } = started();
    await welcome();
    await conversation.say(undefined);
    conversation.end();
    expect(await ended).toBe('ended');
  });
});

describe('heartbeats', () => {
  test('come at the pace of the hub, which it may change', async () => {
    const { conversation, welcome, pace } = started();
    await welcome();
    await pace(1n, 5000);
    await vi.advanceTimersByTimeAsync(1000);
    await pace(2n);
    await vi.advanceTimersByTimeAsync(4999);
    expect(conversation.said('heartbeat')).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(conversation.said('heartbeat').map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n]);
  });

  test.each([
    [1, 250],
    [0xffffffff, 300_000],
  ])('are bounded: a pace of %i ms is one of %i ms', async (asked, given) => {
    const { conversation, welcome } = started();
    await welcome({ heartbeatIntervalMs: asked });
    await vi.advanceTimersByTimeAsync(given - 1);
    expect(conversation.said('heartbeat')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(conversation.said('heartbeat')).toHaveLength(2);
  });

  test('end the session when three stay without an answer', async () => {
    const { ended, welcome, conversation } = started();
    await welcome();
    await vi.advanceTimersByTimeAsync(3000);
    expect(conversation.said('heartbeat')).toHaveLength(3);
    expect(await ended).toEqual(
      refused('Cannot talk to the hub: it answered none of 3 heartbeats; a hub that answers is wanted'),
    );
  });

  test('keep one rhythm, however often the hub welcomes', async () => {
    const { conversation, welcome, pace, ended } = started();
    await welcome();
    await welcome();
    await pace(2n);
    await vi.advanceTimersByTimeAsync(1000);
    expect(conversation.said('heartbeat')).toHaveLength(3);
    conversation.end();
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('bring the newest generation, so that a withholding broker is noticed', async () => {
    const { welcome, pace, heard } = started();
    await welcome();
    await pace(1n);
    expect(heard.newest.at(-1)).toEqual({ generation: 9n, digest: 'd' });
  });
});

describe('reports', () => {
  test('begin with a full one, wait for its acknowledgement, and name only what changed after it', async () => {
    const { conversation, session, welcome, host, storedReport } = started();
    await welcome();
    expect(conversation.said('report')).toMatchObject([{ sequence: 1n, full: true, stacks: [{ stack: 'shop' }] }]);
    host.snapshot = { host: HostState.create(), stacks: [stack('shop', 'a'), stack('blog')] };
    session.changed();
    host.snapshot = { host: HostState.create(), stacks: [stack('shop'), stack('blog')] };
    session.changed();
    expect(conversation.said('report')).toHaveLength(1);
    await storedReport(1n);
    expect(conversation.said('report')[1]).toMatchObject({ sequence: 2n, full: false, stacks: [{ stack: 'blog' }] });
    await storedReport(2n);
    expect(conversation.said('report')).toHaveLength(2);
  });

  test('do not follow on the acknowledgement of another one', async () => {
    const { conversation, welcome, host, session, storedReport } = started();
    await welcome();
    host.snapshot = { host: HostState.create(), stacks: [] };
    session.changed();
    await storedReport(7n);
    expect(conversation.said('report')).toHaveLength(1);
  });

  test('are full again after a gap, at once, under the next sequence', async () => {
    const { conversation, welcome, storedReport } = started();
    await welcome();
    await storedReport(1n);
    const value = Request.fromPartial({ id: 'q', question: { $case: 'resend', value: {} } });
    await conversation.say({ $case: 'request', value });
    await conversation.say({ $case: 'request', value });
    expect(conversation.said('report').map(({ sequence, full }) => [sequence, full])).toEqual([
      [1n, true],
      [2n, true],
      [3n, true],
    ]);
    await storedReport(2n);
    expect(conversation.said('report')).toHaveLength(3);
  });

  test('wait until something was observed', async () => {
    const { conversation, session, welcome, host } = started();
    const { snapshot } = host;
    host.snapshot = undefined;
    await welcome();
    expect(conversation.said('report')).toEqual([]);
    host.snapshot = snapshot;
    session.changed();
    await vi.advanceTimersByTimeAsync(50);
    expect(conversation.said('report')).toHaveLength(1);
  });

  test('wait while the hub is slow, and then tell how it is by then', async () => {
    const { conversation, session, welcome, host, storedReport } = started();
    conversation.slow = true;
    await welcome();
    await storedReport(1n);
    for (const reason of ['a', 'b', 'c']) {
      host.snapshot = { host: HostState.create(), stacks: [stack('shop', reason)] };
      session.changed();
    }
    expect(conversation.said('report')).toHaveLength(1);
    conversation.slow = false;
    await vi.advanceTimersByTimeAsync(0);
    expect(conversation.said('report').map(({ stacks }) => stacks[0]?.reason)).toEqual(['', 'c']);
  });
});

describe('events', () => {
  test('go on after what the hub has stored, which is forgotten', async () => {
    const { welcome, tell, sentEvents, heard } = started();
    tell(1, 2, 3);
    await welcome({ storedEventSequence: 2n });
    expect(heard.stored).toEqual([2n]);
    expect(sentEvents()).toEqual([3]);
    tell(4);
    await vi.advanceTimersByTimeAsync(50);
    expect(sentEvents()).toEqual([3, 4]);
  });

  test('are sent once on a stream, at most two batches ahead of what is stored', async () => {
    const { welcome, tell, sentEvents, storedEvents, heard } = started();
    tell(...Array.from({ length: 900 }, (_, index) => index + 1));
    await welcome();
    expect(sentEvents()).toHaveLength(400);
    await storedEvents(200);
    expect(sentEvents()).toHaveLength(400);
    await storedEvents(400);
    expect(sentEvents()).toHaveLength(800);
    await storedEvents(800);
    expect(sentEvents()).toEqual(Array.from({ length: 900 }, (_, index) => index + 1));
    expect(heard.stored).toEqual([200n, 400n, 800n]);
  });
});

describe('a question', () => {
  test('that is no resend goes to whoever answers it', async () => {
    const { conversation, welcome, heard } = started();
    await welcome();
    await conversation.say({ $case: 'request', value: Request.fromPartial({ id: 'q-1' }) });
    expect(heard.questions).toMatchObject([{ id: 'q-1' }]);
    expect(conversation.said('report')).toHaveLength(1);
  });
});
