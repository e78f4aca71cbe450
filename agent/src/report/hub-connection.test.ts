import { AskBackRequest, Hello, MooringError, Welcome } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RememberedLog } from '../log.fake.ts';
import { MACHINE_TIMERS } from '../timers.ts';
import { FakeConversation } from './conversation.fake.ts';
import { HubConnection } from './hub-connection.ts';
import type { HubLink } from './hub-grpc.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const unasked = () => Promise.reject(new Error('nobody asks this here'));

/** A connection whose hub is a list of what happens to each attempt, and the times of the attempts. */
function started(random: number, hub: (attempt: number, conversation: FakeConversation) => void) {
  const attempts: number[] = [];
  const asked: AskBackRequest[] = [];
  const begun = performance.now();
  const connection = new HubConnection({
    addresses: () => ['hub:1'],
    open: async (address): Promise<HubLink> => {
      attempts.push(performance.now() - begun);
      const conversation = new FakeConversation();
      hub(attempts.length, conversation);
      const converse = () => conversation;
      const close = () => conversation.end();
      const questions = { fetchAssignment: unasked, fetchObject: unasked, answer: unasked, renew: unasked };
      const askBack = async (request: AskBackRequest) => {
        asked.push(request);
        return { askAgainMs: 4000 };
      };
      return { address, converse, ...questions, askBack, leave: unasked, close };
    },
    hello: () => Hello.fromPartial({ host: 'web-1' }),
    askBack: () => AskBackRequest.fromPartial({ identityId: 'one' }),
    snapshot: () => undefined,
    outbox: { after: () => [], acknowledge: () => undefined },
    onWelcome: () => undefined,
    onNewest: () => undefined,
    answer: async function* () {},
    log: new RememberedLog(),
    nowMs: () => 0,
    timers: { ...MACHINE_TIMERS, chance: () => random },
  });
  return { connection, attempts, asked };
}

const refusal = (retryAfterMs?: number) =>
  new MooringError('RATE_LIMITED', 'Cannot accept call: too many; fewer are wanted', { retryAfterMs });
const welcome = (heartbeatIntervalMs: number) =>
  ({ $case: 'welcome', value: Welcome.fromPartial({ heartbeatIntervalMs }) }) as const;

describe('a connection that a hub refuses', () => {
  test('comes again with waits that double', async () => {
    const { connection, attempts } = started(1, (_, conversation) => conversation.break(refusal()));
    await vi.advanceTimersByTimeAsync(7000);
    expect(attempts).toEqual([0, 1000, 3000, 7000]);
    await connection.close();
  });

  test('never comes sooner than the hub asked for, and spreads over as long again', async () => {
    const [soonest, latest] = [0, 1].map((random) =>
      started(random, (attempt, conversation) => conversation.break(refusal(attempt === 1 ? 30_000 : undefined))),
    );
    await vi.advanceTimersByTimeAsync(29_999);
    expect(soonest?.attempts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(soonest?.attempts[1]).toBe(30_000);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(latest?.attempts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(latest?.attempts).toEqual([0, 60_000]);
    await Promise.all([soonest?.connection.close(), latest?.connection.close()]);
  });

  test('ends at once when it is closed, however long the hub asked for', async () => {
    const { connection } = started(1, (_, conversation) => conversation.break(refusal(300_000)));
    await vi.advanceTimersByTimeAsync(1);
    await connection.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a connection to a hub that does not remember the host', () => {
  test('asks to be let in again at the pace that the hub names, until it is welcomed', async () => {
    const forgotten = new MooringError('HOST_FORGOTTEN', 'Cannot serve host web-1: this hub does not remember it');
    const { connection, attempts, asked } = started(1, (attempt, conversation) => {
      if (attempt <= 3) conversation.break(forgotten);
      else void conversation.say(welcome(10_000));
    });
    await vi.advanceTimersByTimeAsync(12_500);
    expect(attempts).toEqual([0, 4000, 8000, 12_000]);
    expect(asked.map(({ identityId }) => identityId)).toEqual(['one', 'one', 'one']);
    expect(connection.state.connected).toBe(true);
    await connection.close();
  });

  test('asks nothing of a hub that refuses it for another reason', async () => {
    const { connection, asked } = started(1, (_, conversation) => conversation.break(refusal()));
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toEqual([]);
    await connection.close();
  });
});

describe('a connection that a hub loses', () => {
  /** A hub that welcomes and, after a while, goes away. */
  const goesAway = (paceMs: number) => (attempt: number, conversation: FakeConversation) => {
    if (attempt > 1) return;
    void conversation.say(welcome(paceMs));
    setTimeout(() => conversation.break(new Error('gone')), 15_000);
  };

  test.each([
    ['the usual pace, within a second', 10_000, 1000],
    ['a slower pace, within one interval of it', 40_000, 40_000],
  ])('comes back, after %s', async (_, paceMs, waitMs) => {
    const { connection, attempts } = started(1, goesAway(paceMs));
    await vi.advanceTimersByTimeAsync(15_000 + waitMs);
    expect(attempts).toEqual([0, 15_000 + waitMs]);
    await connection.close();
  });
});
