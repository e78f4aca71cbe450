import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
/** Scheduler events in `npm test`: what one core does in about a minute. */
const STEPS = 1_000_000;

/** What the simulator says. Fails where it ends with anything but 0, and shows what it said. */
async function simulate(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: { stdout?: string; message: string }) => {
    throw new Error(`${error.message}\n${error.stdout ?? ''}`);
  });
  return stdout;
}

test('the same seed gives the same bytes', async () => {
  const args = ['--steps', '30000', '--seed', '7', '--trace', 'web-1'];
  const [once, again] = await Promise.all([simulate(...args), simulate(...args)]);
  expect(once.length).toBeGreaterThan(10_000);
  expect(again).toBe(once);
  expect(await simulate('--steps', '30000', '--seed', '8', '--trace', 'web-1')).not.toBe(once);
});

test('each oracle finds the bug that is planted for it', async () => {
  expect((await simulate('--bugs')).match(/^found,/gm)).toHaveLength(11);
});

test('seeds that once found a bug find none', async () => {
  expect(await simulate('--kept')).not.toContain('BROKEN');
});

test('fleets come through a million steps of faults', async () => {
  expect(await simulate('--steps', String(STEPS))).toContain(', 0 episodes broken');
});
