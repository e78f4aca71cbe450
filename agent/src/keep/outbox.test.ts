import { MAX_EVENTS_PER_BATCH, Severity } from '@mooring/proto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Outbox } from './outbox.ts';
import { CORRUPT, FULL, TemporaryDatabase } from './temporary-database.fake.ts';

const INFO = Severity.SEVERITY_INFO;
const SECURITY = Severity.SEVERITY_SECURITY;

function opened(bounds?: { events: number; bytes: number }) {
  const disk = new TemporaryDatabase();
  const outbox = () => new Outbox(disk.database, disk.health, { bounds });
  const again = () => {
    disk.restart();
    return outbox();
  };
  return { disk, outbox: outbox(), again };
}

function tell(outbox: Outbox, message: string, severity: Severity = INFO): void {
  outbox.tell({ kind: 'test.told', severity, message }, 5);
}

/** Everything that waits, and everything that is said to be lost. */
function drained(outbox: Outbox) {
  const events = [];
  for (let last = 0n; ; ) {
    const batch = outbox.after(last);
    if (batch.length === 0) break;
    events.push(...batch);
    last = batch.at(-1)?.sequence ?? 0n;
  }
  return {
    messages: events.map(({ message }) => message),
    sequences: events.map(({ sequence }) => sequence),
    lost: events.reduce((sum, { lostBefore }) => sum + lostBefore, 0n),
    events,
  };
}

describe('the outbox', () => {
  test('gives events in the order in which they were told, numbered from 1', () => {
    const { outbox } = opened();
    for (const message of ['a', 'b', 'c']) tell(outbox, message);
    expect(drained(outbox)).toMatchObject({ messages: ['a', 'b', 'c'], sequences: [1n, 2n, 3n], lost: 0n });
    expect(outbox.after(2n)).toMatchObject([{ message: 'c', atMs: 5n, severity: INFO }]);
  });

  test('keeps its id, its events and its numbering across restarts', () => {
    const { outbox, again } = opened();
    tell(outbox, 'a');
    outbox.acknowledge(1n);
    const later = again();
    expect(later.id).toBe(outbox.id);
    tell(later, 'b');
    expect(drained(again())).toMatchObject({ messages: ['b'], sequences: [2n] });
  });

  test('has an id of its own', () => {
    expect(opened().outbox.id).not.toBe(opened().outbox.id);
  });

  test('forgets what the hub has stored, and nothing after it', () => {
    const { outbox } = opened();
    for (const message of ['a', 'b', 'c']) tell(outbox, message);
    outbox.acknowledge(2n);
    outbox.acknowledge(1n);
    expect(drained(outbox).messages).toEqual(['c']);
    expect(outbox.size).toBe(1);
  });

  test('forgets what was stored while the disk was full as soon as there is room: the hub does not say it again', () => {
    const { disk, outbox } = opened();
    for (const message of ['a', 'b', 'c']) tell(outbox, message);
    disk.failure = FULL;
    outbox.acknowledge(2n);
    expect([outbox.size, disk.health.problem?.code]).toEqual([3, 'DISK_FULL']);
    expect(() => outbox.settle()).toThrow(FULL);
    disk.failure = undefined;
    outbox.settle();
    expect([outbox.size, drained(outbox).messages]).toEqual([1, ['c']]);
  });

  test('calls its listener after each event', () => {
    const { outbox } = opened();
    const sizes: number[] = [];
    outbox.onEvent = () => sizes.push(outbox.size);
    for (const message of ['a', 'b']) tell(outbox, message);
    expect(sizes).toEqual([1, 2]);
  });

  test('bounds a batch by count and by bytes, and always gives at least one event', () => {
    const { outbox } = opened();
    for (let index = 0; index <= MAX_EVENTS_PER_BATCH; index += 1) tell(outbox, `${index}`);
    expect(outbox.after(0n)).toHaveLength(MAX_EVENTS_PER_BATCH);
    const large = opened().outbox;
    for (const object of ['x', 'y', 'z'].map((letter) => letter.repeat(200 * 1024)))
      large.tell({ kind: 'test.told', severity: INFO, message: '', object }, 5);
    expect(large.after(0n)).toHaveLength(1);
    expect(large.after(1n)).toHaveLength(1);
  });

  test('cuts a sentence that has no end, and mends half a character', () => {
    const { outbox } = opened();
    tell(outbox, `${'a'.repeat(1999)}😀 and on`);
    expect(outbox.after(0n)[0]?.message).toBe(`${'a'.repeat(1999)}\ufffd`);
  });
});

describe('an outbox of before, as after a restore', () => {
  test('gives what it was told since the start numbers that nobody had, and forgets what the hub has', () => {
    const { outbox, again } = opened();
    for (const message of ['a', 'b']) tell(outbox, message);
    const restored = again();
    tell(restored, 'c');
    // Three others were told after b, and stored, in a life that this folder knows nothing of.
    restored.acknowledge(5n);
    tell(restored, 'd');
    expect(drained(restored)).toMatchObject({ messages: ['c', 'd'], sequences: [6n, 7n], lost: 0n });
    restored.acknowledge(6n);
    expect(drained(again())).toMatchObject({ messages: ['d'], sequences: [7n] });
  });

  test('begins above what the hub has when it was told nothing yet', () => {
    const { outbox } = opened();
    outbox.acknowledge(5n);
    tell(outbox, 'a');
    expect(drained(outbox)).toMatchObject({ messages: ['a'], sequences: [6n] });
  });
});

describe('a full outbox', () => {
  test('drops the oldest first, and the next event says how many went', () => {
    const { outbox } = opened({ events: 4, bytes: 10_000 });
    for (const message of ['a', 'b', 'c', 'd', 'e']) tell(outbox, message);
    const { events, messages } = drained(outbox);
    expect(messages).toEqual(['c', 'd', 'e']);
    expect(events.map(({ lostBefore }) => lostBefore)).toEqual([2n, 0n, 0n]);
  });

  test('drops security events last', () => {
    const { outbox } = opened({ events: 4, bytes: 10_000 });
    tell(outbox, 'attack', SECURITY);
    for (const message of ['a', 'b', 'c', 'd']) tell(outbox, message);
    expect(drained(outbox).messages).toEqual(['attack', 'c', 'd']);
    for (const message of ['1', '2', '3', '4', '5']) tell(outbox, message, SECURITY);
    expect(drained(outbox).messages).toEqual(['2', '3', '4', '5']);
  });

  test('is bounded by bytes as well', () => {
    const { outbox } = opened({ events: 1000, bytes: 5000 });
    for (let index = 0; index < 20; index += 1) tell(outbox, 'x'.repeat(1000));
    expect(outbox.size).toBeLessThanOrEqual(5);
    expect(drained(outbox).lost + BigInt(outbox.size)).toBe(20n);
  });

  test('keeps one event, however large', () => {
    const { outbox } = opened({ events: 10, bytes: 100 });
    tell(outbox, 'x'.repeat(1000));
    expect(outbox.size).toBe(1);
  });

  test('never loses order, and counts every event that it dropped', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('info', 'security') },
      { weight: 1, arbitrary: fc.constantFrom('restart', 'acknowledge', 'full') },
    );
    await fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { outbox, again, disk } = opened({ events: 8, bytes: 100_000 });
        let current = outbox;
        let told = 0;
        let stored = 0n;
        for (const what of steps) {
          if (what === 'restart') current = again();
          else if (what === 'full') disk.failure = FULL;
          else if (what === 'acknowledge') {
            disk.failure = undefined;
            const batch = current.after(0n);
            stored += batch.reduce((sum, { lostBefore }) => sum + 1n + lostBefore, 0n);
            current.acknowledge(batch.at(-1)?.sequence ?? 0n);
          } else tell(current, `${told++}`, what === 'security' ? SECURITY : INFO);
          if (what === 'restart' || what === 'full') continue;
          expect(current.size).toBeLessThanOrEqual(8);
        }
        // What went last is told by the event that comes next.
        disk.failure = undefined;
        tell(current, `${told++}`, SECURITY);
        const { messages, sequences } = drained(current);
        expect(messages.map(Number)).toEqual(messages.map(Number).toSorted((a, b) => a - b));
        expect(new Set(sequences).size).toBe(sequences.length);
        // What a restart forgets is only what a full disk had not taken: everything else is there, stored, or counted.
        if (steps.includes('full')) return;
        expect(stored + BigInt(messages.length) + drained(current).lost).toBe(BigInt(told));
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('an outbox on a bad disk', () => {
  test.each([
    ['full', FULL],
    ['damaged', CORRUPT],
  ])('that is %s counts what it does not take, and says so with the next event', (_, failure) => {
    const { disk, outbox } = opened();
    tell(outbox, 'a');
    disk.failure = failure;
    for (const message of ['b', 'c']) tell(outbox, message);
    disk.failure = undefined;
    tell(outbox, 'd');
    expect(drained(outbox).events).toMatchObject([
      { message: 'a', lostBefore: 0n },
      { message: 'd', lostBefore: 2n },
    ]);
  });

  test('keeps what is acknowledged while it cannot forget it', () => {
    const { disk, outbox } = opened();
    tell(outbox, 'a');
    disk.failure = FULL;
    outbox.acknowledge(1n);
    expect(outbox.size).toBe(1);
    expect(disk.health.problem).toMatchObject({ code: 'DISK_FULL', sinceMs: 77n });
    disk.failure = undefined;
    outbox.acknowledge(1n);
    expect(outbox.size).toBe(0);
    expect([disk.health.check(), disk.health.problem]).toEqual([true, undefined]);
  });

  test('passes over an event that a flipped bit made unreadable, and counts it as lost', () => {
    const { disk, outbox } = opened({ events: 4, bytes: 10_000 });
    for (const message of ['a', 'b', 'c']) tell(outbox, message);
    disk.database.run('UPDATE outbox SET event = ? WHERE sequence = 2', Buffer.of(0xff, 0xff));
    expect(outbox.after(0n)).toMatchObject([{ message: 'a' }, { message: 'c', lostBefore: 1n }]);
    for (const message of ['d', 'e', 'f']) tell(outbox, message);
    expect(drained(outbox).lost + BigInt(outbox.size)).toBe(6n);
  });

  test('gives a batch even when its first events are unreadable', () => {
    const { disk, outbox } = opened();
    for (let index = 0; index < MAX_EVENTS_PER_BATCH + 1; index += 1) tell(outbox, `${index}`);
    disk.database.run('UPDATE outbox SET event = ? WHERE sequence <= ?', Buffer.of(0xff), MAX_EVENTS_PER_BATCH);
    expect(outbox.after(0n)).toMatchObject([{ message: `${MAX_EVENTS_PER_BATCH}`, lostBefore: 200n }]);
  });
});
