import { MooringError, Severity } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import type { EventDraft } from '../apply/ports.ts';
import { Refusals } from './refusals.ts';

const rollback = new MooringError('ASSIGNMENT_ROLLBACK', 'Cannot accept assignment: old; newer');
const format = new MooringError('BUNDLE_FORMAT', 'Cannot run stack shop: odd; even', { hint: 'Look.' });

function counting() {
  const told: EventDraft[] = [];
  const clock = { nowMs: 1_000_000 };
  const refusals = new Refusals(
    (event) => told.push(event),
    () => clock.nowMs,
  );
  return { told, clock, refusals };
}

describe('refusals', () => {
  test('are one event per kind and minute, and the next one says how many went untold', () => {
    const { told, clock, refusals } = counting();
    for (let index = 0; index < 500; index += 1) refusals.count(rollback);
    expect(told).toHaveLength(1);
    clock.nowMs += 59_999;
    refusals.count(rollback);
    expect(told).toHaveLength(1);
    clock.nowMs += 1;
    refusals.count(rollback);
    expect(told.map(({ message }) => message)).toEqual([
      rollback.message,
      `${rollback.message} (500 more like it before)`,
    ]);
  });

  test('of another kind are told at once', () => {
    const { told, refusals } = counting();
    refusals.count(rollback);
    refusals.count(format, 'shop');
    expect(told).toMatchObject([
      { kind: 'assignment.refused', code: 'ASSIGNMENT_ROLLBACK', severity: Severity.SEVERITY_SECURITY, stack: '' },
      { kind: 'stack.refused', code: 'BUNDLE_FORMAT', severity: Severity.SEVERITY_ERROR, stack: 'shop' },
    ]);
  });

  test('are told again when the clock is set back, however far', () => {
    const { told, clock, refusals } = counting();
    refusals.count(rollback);
    clock.nowMs = 5;
    refusals.count(rollback);
    expect(told).toHaveLength(2);
  });

  test('are the problem of the host since the first of a row, until one is accepted', () => {
    const { clock, refusals } = counting();
    refusals.count(rollback);
    clock.nowMs += 10;
    refusals.count(rollback);
    expect(refusals.newest).toMatchObject({ code: 'ASSIGNMENT_ROLLBACK', sinceMs: 1_000_000n });
    refusals.count(format);
    expect(refusals.newest).toEqual({
      code: 'BUNDLE_FORMAT',
      message: format.message,
      hint: 'Look.',
      sinceMs: 1_000_010n,
    });
    refusals.clear();
    expect(refusals.newest).toBeUndefined();
  });

  test('of one stack are no problem of the host', () => {
    const { refusals } = counting();
    refusals.count(format, 'shop');
    expect(refusals.newest).toBeUndefined();
  });

  test.each([
    'ASSIGNMENT_UNSIGNED',
    'ASSIGNMENT_KEY_UNKNOWN',
    'ASSIGNMENT_SIGNATURE',
    'ASSIGNMENT_TYPE',
    'ASSIGNMENT_WRONG_FLEET',
    'ASSIGNMENT_WRONG_HOST',
    'ASSIGNMENT_EQUIVOCATION',
    'ASSIGNMENT_SEAL',
    'OBJECT_DIGEST',
    'OBJECT_SEAL',
  ] as const)('with %s are a matter of security', (code) => {
    const { told, refusals } = counting();
    refusals.count(new MooringError(code, 'Cannot'));
    expect(told).toMatchObject([{ severity: Severity.SEVERITY_SECURITY }]);
  });
});
