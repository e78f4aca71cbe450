import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './places.ts';

const run = promisify(execFile);

// A program that is told to stop has this long before it is killed.
const STOP_DEADLINE_MS = 15_000;

const BINARIES = {
  mooring: join(ROOT, 'hub', 'bin', 'mooring.js'),
  'mooring-agent': join(ROOT, 'agent', 'bin', 'mooring-agent.js'),
} as const;

/** Runs one of our commands to its end and returns what it printed; throws with its message when it fails. */
export async function command(name: keyof typeof BINARIES, args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [BINARIES[name], ...args], { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

/** Runs one of our commands to its end in sight of the person who waits: what it says on the way goes to this terminal. Returns its exit code. */
export async function commandInSight(name: keyof typeof BINARIES, args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [BINARIES[name], ...args], { stdio: ['inherit', 'ignore', 'inherit'] });
  return await new Promise((resolve) => child.once('close', resolve));
}

/** A command of ours whose result is JSON. */
export async function commandJson(
  name: keyof typeof BINARIES,
  args: readonly string[],
): Promise<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(await command(name, [...args, '-o', 'json']));
  if (typeof parsed === 'object' && parsed !== null) return { ...parsed };
  throw new Error(`${name} ${args[0] ?? ''} printed no JSON object`);
}

/** Starts one of our long-running programs; what it prints goes to `log`, or to this terminal. */
export function start(name: keyof typeof BINARIES, args: readonly string[], log?: string): ChildProcess {
  const output = log === undefined ? 'inherit' : openSync(log, 'a', 0o600);
  // A group of its own: Ctrl-C reaches the demo alone, which then stops its programs in order.
  return spawn(process.execPath, [BINARIES[name], ...args], { stdio: ['ignore', output, output], detached: true });
}

/** Stops a program and waits until it has ended. */
export async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(killer);
}
