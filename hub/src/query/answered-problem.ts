import { asErrorCode, MooringError, type Problem } from '@mooring/proto';
import { name, sentence } from '../ingest/checks.ts';

/** The problem that a host gave in place of an answer. A code of a newer release is told as INTERNAL, with its name. */
export function answeredProblem(host: string, problem: Problem): MooringError {
  const code = asErrorCode(problem.code);
  const message = sentence(problem.message);
  if (code !== undefined) return new MooringError(code, message, { hint: sentence(problem.hint) || undefined });
  return new MooringError('INTERNAL', `Host ${host} cannot answer, ${name(problem.code)}: ${message}`);
}
