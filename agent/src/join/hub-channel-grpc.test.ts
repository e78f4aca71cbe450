import { Metadata } from '@grpc/grpc-js';
import { Problem } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { problemOf, retryAfterMs } from './hub-channel-grpc.ts';

function trailers(pushback: string | undefined, code = 'RATE_LIMITED'): Metadata {
  const metadata = new Metadata();
  const problem = Problem.fromPartial({ code, message: 'Cannot accept call: too many', hint: 'Wait.' });
  metadata.set('mooring-error-bin', Buffer.from(Problem.encode(problem).finish()));
  if (pushback !== undefined) metadata.set('grpc-retry-pushback-ms', pushback);
  return metadata;
}

describe('what a hub sends with a status', () => {
  test('is its error, and how long it wants to be left alone', () => {
    const error = { code: 'RATE_LIMITED', message: 'Cannot accept call: too many', hint: 'Wait.' };
    expect(problemOf(trailers('2500'))).toMatchObject({ ...error, retryAfterMs: 2500 });
    expect(problemOf(trailers(undefined))).toMatchObject({ ...error, retryAfterMs: undefined });
  });

  test('is no error where it sends none, or one that this build does not know', () => {
    expect(problemOf(new Metadata())).toBeUndefined();
    expect(problemOf(trailers('2500', 'OF_A_NEWER_HUB'))).toBeUndefined();
  });
});

test.each([
  ['nothing', undefined, undefined],
  ['a number of milliseconds', '0', 0],
  ['less than nothing, which wishes for no retry', '-1', Number.MAX_SAFE_INTEGER],
  ['no number', 'soon', Number.MAX_SAFE_INTEGER],
  ['more digits than a number holds', '9'.repeat(30), Number.MAX_SAFE_INTEGER],
])('a hub that says %s is left alone accordingly', (_, text, wanted) => {
  expect(retryAfterMs(trailers(text))).toBe(wanted);
});
