import { type ErrorCode, MooringError } from '@mooring/proto';

/** What the engine or the way to it said. */
interface Failure {
  readonly statusCode: number | undefined;
  readonly code: string;
  readonly reason: string;
}

/** Messages by which the engine tells things apart that share a status (measured on 20.10, 26.1 and 28.5). */
const BY_MESSAGE: readonly (readonly [RegExp, ErrorCode])[] = [
  [/toomanyrequests|too many requests|HTTP 429/i, 'IMAGE_PULL_LIMITED'],
  [/verification failed for digest|unexpected commit digest/i, 'IMAGE_DIGEST_MISMATCH'],
  [/no basic auth credentials|unauthorized|authentication required|HTTP 401/i, 'IMAGE_LOGIN_MISSING'],
  [/pull access denied|denied: |(?:^|- )denied$|HTTP 403|403 Forbidden/i, 'IMAGE_PULL_DENIED'],
  // The pool of addresses speaks with a capital, the kernel about a port without.
  [/\bAddress already in use/, 'ADDRESS_TAKEN'],
  [/port is already allocated|address already in use|failed to bind (?:host )?port/i, 'PORT_TAKEN'],
  [/no space left on device/i, 'DISK_FULL'],
  [/manifest unknown|manifest for .* not found|no such image|repository .* not found/i, 'IMAGE_NOT_FOUND'],
  [/is already in use by container|Conflict\. The/i, 'ENGINE_CONFLICT'],
];
/** What newer engines answer to a pull by the status of the registry, where the message says nothing. */
const PULL_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'IMAGE_LOGIN_MISSING',
  403: 'IMAGE_PULL_DENIED',
  404: 'IMAGE_NOT_FOUND',
  429: 'IMAGE_PULL_LIMITED',
};
/** A registry that sets a limit counts by minutes or hours: sooner is in vain where it does not say how long. */
const LIMITED_MS = 60_000;
/** How a registry tells its wait in its message, as a duration of Go; engines keep the header Retry-After to themselves. */
const RETRY_AFTER = /retry-after: *((?:[\d.]+(?:h|ms|m|µs|us|ns|s))+)/i;
const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  µs: 1e-3,
  us: 1e-3,
  ns: 1e-6,
};
const UNREACHABLE = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EACCES', 'EHOSTUNREACH']);

const BROKEN = new Set(['ECONNRESET', 'EPIPE']);

/** The error for a call that failed: `what` completes "Cannot …". */
export function engineError(what: string, error: unknown, fallback: ErrorCode = 'ENGINE_ERROR'): MooringError {
  if (error instanceof MooringError) return error;
  const failure = failureOf(error);
  if (UNREACHABLE.has(failure.code)) {
    return new MooringError(
      'ENGINE_UNREACHABLE',
      `Cannot ${what}: the engine does not answer (${failure.code}); a running Docker Engine is wanted`,
      { cause: error, hint: 'Start the engine on the host, and look at its log.' },
    );
  }
  const byStatus = fallback === 'IMAGE_PULL_FAILED' ? PULL_STATUS[failure.statusCode ?? 0] : undefined;
  const code = BY_MESSAGE.find(([pattern]) => pattern.test(failure.reason))?.[1] ?? byStatus ?? fallback;
  const message = `Cannot ${what}: ${failure.reason}; the engine's consent is wanted`;
  const retryAfterMs = code === 'IMAGE_PULL_LIMITED' ? (askedMs(failure.reason) ?? LIMITED_MS) : undefined;
  return new MooringError(code, message, { cause: error, hint: HINTS[code], retryAfterMs });
}

/** Milliseconds for which a registry asks to be left alone; undefined: it does not say. */
function askedMs(reason: string): number | undefined {
  const asked = RETRY_AFTER.exec(reason)?.[1];
  if (asked === undefined) return undefined;
  const parts = asked.matchAll(/([\d.]+)(h|ms|m|µs|us|ns|s)/g);
  return [...parts].reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}

/** What to do about what the engine says. */
const HINTS: Partial<Readonly<Record<ErrorCode, string>>> = {
  IMAGE_LOGIN_MISSING:
    'Agents have no login: let the registry serve it without one, or bring it to the host with docker login and docker pull.',
  IMAGE_PULL_DENIED:
    'Look whether the image has that name and is public; one that is not may be brought to the host with docker pull.',
  IMAGE_PULL_LIMITED: 'It is tried again once the registry may be asked; a mirror or fewer pulls are the cure.',
  IMAGE_DIGEST_MISMATCH:
    'The registry serves other bytes than it names, or the way to it changes them: push the image again.',
  IMAGE_NOT_FOUND: 'Push the image under that name and tag, or name another one in Git.',
  IMAGE_PULL_FAILED: 'Look whether the registry runs and can be reached from the host; it is tried again by itself.',
  ADDRESS_TAKEN: 'See who holds it: docker network inspect. Take it from them, or give another one in Git.',
  PORT_TAKEN: 'Free the port on the host, or publish another one in Git.',
  DISK_FULL: 'Make room where the engine keeps its data: docker system df shows what takes it.',
  ENGINE_CONFLICT: 'Somebody else works on the same object; it is tried again by itself.',
};

/** A pull of which nothing came for so long. */
export function stalled(what: string, silenceMs: number): MooringError {
  return new MooringError(
    'IMAGE_PULL_STALLED',
    `Cannot ${what}: nothing came for ${silenceMs / 1000} s; a registry that goes on is wanted`,
    {
      hint: 'Look at the registry and the way to it; it is tried again by itself. --pull-silence is how long nothing may come.',
    },
  );
}

/** A call that was not answered in time. */
export function unresponsive(what: string, deadlineMs: number): MooringError {
  return new MooringError(
    'ENGINE_UNRESPONSIVE',
    `Cannot ${what}: the engine did not answer within ${deadlineMs / 1000} s; an answer is wanted`,
    {
      hint: 'Look at the engine on the host: docker info, and its log.',
    },
  );
}

/** True where no way leads to the engine at all; a connection that breaks while it is answered tells of that answer alone. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof MooringError && error.code === 'ENGINE_UNREACHABLE' && !BROKEN.has(failureOf(error.cause).code)
  );
}

/** True when the engine says that the object is not there. */
export function isGone(error: unknown): boolean {
  return failureOf(error).statusCode === 404;
}

/** True when the engine says that it is so already, or that somebody else is at it. */
export function isConflict(error: unknown): boolean {
  return failureOf(error).statusCode === 409;
}

/** True when the engine says that there is nothing to do: it is stopped, or started, already. */
export function isUnchanged(error: unknown): boolean {
  return failureOf(error).statusCode === 304;
}

function failureOf(error: unknown): Failure {
  const fields: { statusCode?: unknown; code?: unknown; json?: unknown; reason?: unknown } =
    typeof error === 'object' && error !== null ? error : {};
  const json: { message?: unknown } = typeof fields.json === 'object' && fields.json !== null ? fields.json : {};
  const said = error instanceof Error ? error.message : String(error);
  const message = typeof json.message === 'string' ? json.message : said;
  return {
    statusCode: typeof fields.statusCode === 'number' ? fields.statusCode : undefined,
    code: typeof fields.code === 'string' ? fields.code : '',
    reason: message.replace(/\s+/g, ' ').trim().slice(0, 500),
  };
}
