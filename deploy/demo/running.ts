import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PLACES, ROOT } from './places.ts';

// The demo stops its programs one after the other, and kills none sooner.
const END_DEADLINE_MS = 40_000;

const MAIN = join(ROOT, 'deploy', 'demo', 'main.ts');

interface DemoProcess {
  readonly pid: number;
  /** True for the demo itself, which ends the others in order. */
  readonly leads: boolean;
}

/** Processes of a demo of this checkout, other than this one: those that name its files, found without `ps`, which a small system may lack. */
export function demoProcesses(): DemoProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), args: argumentsOf(name) }))
    .filter(({ args }) => args.some((arg) => arg === MAIN || arg.startsWith(`${PLACES.demo}/`)))
    .filter(({ args }) => PROGRAMS.test(args[0] ?? ''))
    .map(({ pid, args }) => ({ pid, leads: args.includes(MAIN) }));
}

// An editor with a file of the demo is none of its processes.
const PROGRAMS = /(^|\/)(node|nats-server|mooring[a-z-]*)$/;

/** Ends a demo of this checkout and returns when nothing of it runs. */
export async function endDemo(): Promise<void> {
  const deadline = Date.now() + END_DEADLINE_MS;
  const told = new Set<number>();
  for (let found = demoProcesses(); found.length > 0; found = demoProcesses()) {
    const leaders = found.filter(({ leads }) => leads);
    const late = Date.now() > deadline;
    for (const { pid } of leaders.length > 0 && !late ? leaders : found) {
      if (late) signal(pid, 'SIGKILL');
      else if (!told.has(pid)) signal(pid, 'SIGTERM');
      told.add(pid);
    }
    await delay(200);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended by itself in between.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function argumentsOf(pid: string): readonly string[] {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0');
  } catch (error) {
    // It ended since the folder was read.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return [];
    throw error;
  }
}
