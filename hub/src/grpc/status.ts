import { Metadata, status } from '@grpc/grpc-js';
import { asErrorCode, type ErrorCode, MooringError, Problem } from '@mooring/proto';
import { MAX_STATUS_CHARACTERS } from './limits.ts';

/** What a call ends with. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Trailer that carries a `mooring.v1.Problem`. */
const PROBLEM_TRAILER = 'mooring-error-bin';
/** Trailer with the milliseconds that this server wants to be left alone (gRFC A6). */
const PUSHBACK_TRAILER = 'grpc-retry-pushback-ms';

/** Where the status of a code is not that of its kind. */
const STATUS_OF_CODE: Partial<Record<ErrorCode, status>> = {
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  CERT_EXPIRED: status.UNAUTHENTICATED,
  CERT_NOT_YET_VALID: status.UNAUTHENTICATED,
  CERT_FORMAT: status.UNAUTHENTICATED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  AGENT_REVOKED: status.PERMISSION_DENIED,
  USER_REVOKED: status.PERMISSION_DENIED,
  ID_MISMATCH: status.PERMISSION_DENIED,
  TOKEN_UNKNOWN: status.PERMISSION_DENIED,
  TOKEN_USED: status.PERMISSION_DENIED,
  TOKEN_EXPIRED: status.PERMISSION_DENIED,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NAME_INVALID: status.INVALID_ARGUMENT,
  CSR_FORMAT: status.INVALID_ARGUMENT,
  CSR_KEY: status.INVALID_ARGUMENT,
  CSR_SIGNATURE: status.INVALID_ARGUMENT,
  CSR_TOO_LARGE: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  HOST_UNKNOWN: status.NOT_FOUND,
  HOST_FORGOTTEN: status.FAILED_PRECONDITION,
  OBJECT_MISSING: status.NOT_FOUND,
  HOST_EXISTS: status.ALREADY_EXISTS,
  USER_EXISTS: status.ALREADY_EXISTS,
  SLOW_CONSUMER: status.RESOURCE_EXHAUSTED,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  DB_FULL: status.RESOURCE_EXHAUSTED,
  OBJECT_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  REQUEST_UNSUPPORTED: status.UNIMPLEMENTED,
  TIMED_OUT: status.DEADLINE_EXCEEDED,
  INTERNAL: status.INTERNAL,
};

/** The status of an error. What is no MooringError tells the caller nothing but that it happened. */
export function statusOf(error: unknown): CallStatus {
  const known = error instanceof MooringError ? error : internal();
  const metadata = new Metadata();
  const message = short(known.message);
  const problem = { code: known.code, message, hint: short(known.hint ?? ''), sinceMs: 0n };
  metadata.set(PROBLEM_TRAILER, Buffer.from(Problem.encode(problem).finish()));
  if (known.retryAfterMs !== undefined) metadata.set(PUSHBACK_TRAILER, String(Math.ceil(known.retryAfterMs)));
  return { code: STATUS_OF_CODE[known.code] ?? statusOfKind(known), details: `${known.code}: ${message}`, metadata };
}

/** The error that a status of this hub carries; undefined: it carries none that this build knows. */
export function problemOf(metadata: Metadata): MooringError | undefined {
  const [bytes] = metadata.get(PROBLEM_TRAILER);
  if (!Buffer.isBuffer(bytes)) return undefined;
  const problem = Problem.decode(bytes);
  const code = asErrorCode(problem.code);
  if (code === undefined) return undefined;
  return new MooringError(code, problem.message, { hint: problem.hint === '' ? undefined : problem.hint });
}

function statusOfKind(error: MooringError): status {
  return error.kind === 'retry' ? status.UNAVAILABLE : status.FAILED_PRECONDITION;
}

function internal(): MooringError {
  return new MooringError('INTERNAL', 'Cannot answer call: the hub failed; its log tells more');
}

/** Well formed and bounded: grpc-js throws on lone surrogates, and clients bound trailers. */
function short(text: string): string {
  return text.length > MAX_STATUS_CHARACTERS
    ? `${text.slice(0, MAX_STATUS_CHARACTERS - 1).toWellFormed()}…`
    : text.toWellFormed();
}
