import type { ErrorCode } from '@mooring/proto';

/** How a command ends. */
export const EXIT = {
  fine: 0,
  error: 1,
  usage: 2,
  /** Not in the wished state: `--exit-code`, `wait`. */
  notWished: 3,
  unreachable: 4,
  denied: 5,
} as const;

const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['HUB_UNREACHABLE']);
const USAGE: ReadonlySet<ErrorCode> = new Set(['USAGE']);
const NOT_WISHED: ReadonlySet<ErrorCode> = new Set(['TIMED_OUT']);
const DENIED: ReadonlySet<ErrorCode> = new Set([
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'AGENT_REVOKED',
  'USER_REVOKED',
  'CERT_MISSING',
  'CERT_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_MISMATCH',
  'CERT_FORMAT',
  'TOKEN_EXPIRED',
  'TOKEN_USED',
  'TOKEN_UNKNOWN',
  'JOIN_REFUSED',
]);

/** The exit code that belongs to an error. */
export function exitCodeOf(code: ErrorCode): number {
  if (UNREACHABLE.has(code)) return EXIT.unreachable;
  if (DENIED.has(code)) return EXIT.denied;
  if (USAGE.has(code)) return EXIT.usage;
  return NOT_WISHED.has(code) ? EXIT.notWished : EXIT.error;
}
