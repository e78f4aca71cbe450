import { formatError, MooringError, type RenderProblem } from '@mooring/proto';
import type { Ended } from '../support/run.ts';

/** What came of an input that threw, in one line; what is no error of ours is handed on. */
export function thrownAnswer(error: unknown): string {
  if (error instanceof MooringError) return formatError(error);
  throw error;
}

/** What a call came to: `accepted`, or how it was refused. */
export async function answerOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'accepted';
  } catch (error) {
    return thrownAnswer(error);
  }
}

/** A problem of a commit: code, place, sentence, hint. */
export function problemAnswer({ code, file, line, column, message, hint }: RenderProblem): string {
  const place = [file, line, column].filter((part) => part !== 0 && part !== '').join(':');
  return `${code} ${place}: ${message}. ${hint}`;
}

/** How a command ended: exit code and what it said last. */
export function commandAnswer({ code, stdout, stderr }: Ended): string {
  const said = (stderr.trim() === '' ? stdout : stderr).trim().split('\n');
  const stack = said.find((line) => /^\s+at .+:\d+:\d+\)?$/.test(line));
  // Lines of a log are for machines.
  const words = said.filter((line) => line.trim() !== '' && !line.startsWith('{'));
  return `exit ${code}: ${words.join(' ')}${stack === undefined ? '' : ' WITH A STACK'}`;
}
