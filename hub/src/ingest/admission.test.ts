import { MooringError } from '@mooring/proto';
import { beforeEach, expect, test } from 'vitest';
import { Admission, FIRST_REPORT_MS, MAX_ESTABLISHING, MIN_COMEBACK_MS, type Place } from './admission.ts';
import { MAX_HEARTBEATS_PER_SECOND } from './pace.ts';

let nowMs: number;
let due: { readonly atMs: number; run: (() => void) | undefined }[];
let admission: Admission;

beforeEach(() => {
  nowMs = 5_000;
  due = [];
  admission = new Admission({
    monotonicMs: () => nowMs,
    after: (ms, run) => {
      const timer: (typeof due)[number] = { atMs: nowMs + ms, run };
      due.push(timer);
      return () => {
        timer.run = undefined;
      };
    },
  });
});

function pass(ms: number): void {
  nowMs += ms;
  for (const timer of due.filter(({ atMs }) => atMs <= nowMs)) {
    timer.run?.();
    timer.run = undefined;
  }
}

function fill(): readonly Place[] {
  return Array.from({ length: MAX_ESTABLISHING }, (_, index) => admission.enter(`web-${index}`));
}

/** Milliseconds that one more is told to stay away; undefined: it is let in. */
function turnedAway(): number | undefined {
  try {
    admission.enter('one-more').leave();
    return undefined;
  } catch (error) {
    if (!(error instanceof MooringError) || error.code !== 'RATE_LIMITED') throw error;
    return error.retryAfterMs;
  }
}

test('one more than the bound is told when to come back', () => {
  fill();
  expect(turnedAway()).toBe(MIN_COMEBACK_MS);
});

test('a place is free again when its stream is established or over, once', () => {
  const [first, second] = fill();
  first?.leave();
  first?.leave();
  admission.enter('next');
  expect(turnedAway()).toBe(MIN_COMEBACK_MS);
  second?.welcomed();
  second?.leave();
  expect(turnedAway()).toBeUndefined();
});

test('a stream that was welcomed and reports nothing keeps its place for a moment', () => {
  const [first] = fill();
  first?.welcomed();
  pass(FIRST_REPORT_MS - 1);
  expect(turnedAway()).toBeDefined();
  pass(1);
  expect(turnedAway()).toBeUndefined();
});

test('a stream that was not welcomed keeps its place', () => {
  fill();
  pass(60_000);
  expect(turnedAway()).toBeDefined();
});

test('those that are turned away come back one after the other, as fast as heartbeats are taken', () => {
  fill();
  const told = Array.from({ length: 9_000 }, () => turnedAway() ?? 0);
  expect(told[0]).toBe(MIN_COMEBACK_MS);
  expect(told.at(-1)).toBe(MIN_COMEBACK_MS + ((told.length - 1) * 1000) / MAX_HEARTBEATS_PER_SECOND);
  expect(told).toEqual([...told].sort((a, b) => a - b));
});

test('what was told long ago delays nobody', () => {
  fill();
  for (let count = 0; count < 100; count += 1) turnedAway();
  pass(60_000);
  expect(turnedAway()).toBe(MIN_COMEBACK_MS);
});
