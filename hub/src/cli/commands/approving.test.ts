import { expect, test } from 'vitest';
import { approvedText, returningText } from './approving.ts';

test('who asks to be let in is shown with the key to compare, what the hub knows, and the labels', () => {
  const host = { host: 'web-1', key: '0123456789abcdef0123', machineId: 'm', highWater: 7n, certificateEndsAtMs: 1n };
  const labels = [{ name: 'role', value: 'web' }];
  const text = returningText([
    { ...host, labels, labelsTold: true, known: false, askedAgeMs: 2000n },
    { ...host, host: 'web-2', labels: [], labelsTold: false, known: true, askedAgeMs: 0n },
  ]);
  const lines = text.split('\n').map((line) => line.trim().split(/\s{2,}/));
  expect(lines).toEqual([
    ['HOST', 'KEY', 'ASKED', 'HERE', 'LABELS'],
    ['web-1', '0123456789abcdef', '2s', 'not remembered', 'role=web'],
    ['web-2', '0123456789abcdef', '0s', 'known by another key', '?'],
  ]);
  expect(returningText([])).toBe('No host asks to be let in.');
});

test('a host that nobody told labels is named, with what to do about it', () => {
  expect(approvedText({ hosts: ['web-1', 'web-2'], withoutLabels: ['web-2'] })).toBe(
    'In again: web-1, web-2.\nNobody told the labels of web-2: give them in fleet.yaml, or stacks that select by them stay away.',
  );
});
