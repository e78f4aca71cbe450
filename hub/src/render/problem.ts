import { ERROR_CODES, type ErrorCode, MooringError, type RenderProblem } from '@mooring/proto';
import { hintFor } from './hint.ts';

/** Problems of one commit that are collected before reading stops: enough to mend a commit in one go. */
export const MAX_PROBLEMS = 20;
/** Warnings of one commit that are kept. */
export const MAX_WARNINGS = 100;

/** Which stack and host a problem concerns; empty: all. */
export interface Concern {
  readonly stack?: string | undefined;
  readonly host?: string | undefined;
}

/** The message for what an error says, with a hint whatever it says. */
export function problemOf(error: MooringError, concern: Concern = {}): RenderProblem {
  return {
    code: error.code,
    message: error.message,
    file: error.place?.file ?? '',
    line: error.place?.line ?? 0,
    column: error.place?.column ?? 0,
    field: error.place?.field ?? '',
    hint: error.hint ?? hintFor(error.code) ?? '',
    host: concern.host ?? '',
    stack: concern.stack ?? '',
  };
}

/** Every problem that an error stands for. What is not ours is a fault of this program, and costs only the commit: RENDER_FAILED. */
export function problemsOf(error: unknown, concern: Concern = {}): readonly RenderProblem[] {
  if (error instanceof MooringError) return [problemOf(error, concern)];
  if (error instanceof AggregateError) return error.errors.flatMap((inner: unknown) => problemsOf(inner, concern));
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `Cannot render ${concern.stack === undefined ? 'the repository' : `stack ${concern.stack}`}: ${reason}; a rendering is wanted`;
  return [
    problemOf(
      new MooringError('RENDER_FAILED', message, {
        hint: 'This is a fault of Mooring: please report it.',
        cause: error,
      }),
      concern,
    ),
  ];
}

/** The same problems, each once, at most `limit`. */
export function distinctProblems(problems: readonly RenderProblem[], limit = MAX_PROBLEMS): readonly RenderProblem[] {
  const seen = new Map<string, RenderProblem>();
  for (const problem of problems) {
    const key = JSON.stringify([
      problem.code,
      problem.message,
      problem.file,
      problem.line,
      problem.column,
      problem.field,
      problem.host,
      problem.stack,
    ]);
    if (!seen.has(key)) seen.set(key, problem);
  }
  return [...seen.values()].slice(0, limit);
}

/** True when the same commit may render later without a change: nothing is remembered of such a failure. */
export function isTransient(problem: RenderProblem): boolean {
  return Object.hasOwn(ERROR_CODES, problem.code) && ERROR_CODES[problem.code as ErrorCode] === 'retry';
}
