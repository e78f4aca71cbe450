/**
 * A hub runs for months, its commands for moments: only it gets a budget. V8 and the C library take it when they start and never again. Collecting
 * stays concurrent and the old heap may grow: a large fleet must not stop its hub.
 */
const FLAGS = ['--max-semi-space-size=2', '--v8-pool-size=1'];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };

/** How a process is started. */
interface Started {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
}

/** The command line that begins a program anew with the budget of a hub; undefined: it has it. */
export function commandWithBudget({ execPath, execArgv, argv }: Started): readonly string[] | undefined {
  if (FLAGS.every((flag) => execArgv.includes(flag))) return undefined;
  return [execPath, ...execArgv, ...FLAGS, ...argv.slice(1)];
}

/** Begins this process anew, under the same id, unless it has the budget of a hub already. */
export function takeBudget(): void {
  const command = commandWithBudget(process);
  if (command === undefined || process.execve === undefined) return;
  process.execve(process.execPath, command, { ...process.env, ...ENVIRONMENT });
}
