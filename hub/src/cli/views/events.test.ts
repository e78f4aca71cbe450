import { Event, Severity } from '@mooring/proto';
import { expect, test } from 'vitest';
import { eventLine } from './events.ts';

const told = (change: Partial<Event>) =>
  eventLine(
    Event.fromPartial({
      host: 'web-1',
      stack: 'shop',
      kind: 'drift.found',
      severity: Severity.SEVERITY_WARNING,
      message: 'it differs',
      atMs: 1n,
      ...change,
    }),
  );

test('an event is one line, and events that were lost before it are counted in it', () => {
  expect(told({})).toBe('1970-01-01T00:00:00.001Z  warning   web-1/shop  drift.found  it differs');
  expect(told({ lostBefore: 1n })).toMatch(/it differs \(1 event before it was lost\)$/);
  expect(told({ lostBefore: 3412n })).toMatch(/it differs \(3412 events before it were lost\)$/);
});

test('what a host says draws on nobody’s terminal', () => {
  expect(told({ message: '\u001b[2Jgone' })).not.toContain('\u001b');
});
