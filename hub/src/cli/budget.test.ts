import { expect, test } from 'vitest';
import { commandWithBudget } from './budget.ts';

const PROGRAM = ['/usr/bin/node', '/srv/mooring.js', 'hub', '--data', 'fleet'];

test('a hub begins anew with its budget, keeping its own flags and arguments', () => {
  const started = { execPath: '/usr/bin/node', execArgv: ['--enable-source-maps'], argv: PROGRAM };
  expect(commandWithBudget(started)?.join(' ')).toBe(
    '/usr/bin/node --enable-source-maps --max-semi-space-size=2 --v8-pool-size=1 /srv/mooring.js hub --data fleet',
  );
});

test('a hub that has its budget goes on', () => {
  const execArgv = ['--max-semi-space-size=2', '--v8-pool-size=1'];
  expect(commandWithBudget({ execPath: '/usr/bin/node', execArgv, argv: PROGRAM })).toBeUndefined();
});
