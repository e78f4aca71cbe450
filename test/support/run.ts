import { execFile } from 'node:child_process';
import { constants } from 'node:os';
import { promisify } from 'node:util';

// No command of the tests takes longer on a busy machine.
const COMMAND_DEADLINE_MS = 240_000;
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** What a command printed and how it ended. */
export interface Ended {
  /** As shells tell it: 128 and the number of the signal that ended it, such as 137 for SIGKILL. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and returns what it printed on stdout; rejects with what it said when it fails. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const ended = await finish(command, args);
  if (ended.code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${ended.code}: ${ended.stderr || ended.stdout}`);
  return ended.stdout;
}

/** Runs a command of which it does not matter whether it fails, as when something is removed that may be gone. */
export async function runQuietly(command: string, args: readonly string[]): Promise<void> {
  await finish(command, args);
}

/** Runs a command to its end, whatever that is. */
export async function finish(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...args], {
      timeout: COMMAND_DEADLINE_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
      env,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error && 'code' in error) {
      return {
        code: typeof error.code === 'number' ? error.code : signalCode(error),
        stdout: String(error.stdout),
        stderr: String(error.stderr),
      };
    }
    throw error;
  }
}

function signalCode(error: Error): number {
  const signals: Readonly<Record<string, number>> = constants.signals;
  const number = 'signal' in error ? signals[String(error.signal)] : undefined;
  return number === undefined ? 1 : 128 + number;
}
