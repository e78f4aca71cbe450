import { ERROR_CODES, type ErrorCode, type ErrorKind } from './error-code.ts';

/** Where the input that caused an error stands. Lines and columns count from 1. */
export interface Place {
  /** Path of the file, inside the repository where it comes from Git. */
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** The field, in the notation of the file's own format: `services.web.ports[0]`. */
  readonly field?: string | undefined;
}

/** What an error carries besides its sentence. */
export interface ErrorDetails {
  readonly place?: Place | undefined;
  /** The next thing a person can do, as one sentence. */
  readonly hint?: string | undefined;
  /** Milliseconds that whoever refused wants to be left alone; undefined: it did not say. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The one error type of Mooring. `message` reads `Cannot <verb> <thing>: <what is>; <what is wanted>` and never holds
 * a secret; `code` is stable; `kind` says what happens next.
 */
export class MooringError extends Error {
  override readonly name = 'MooringError';
  readonly code: ErrorCode;
  readonly place: Place | undefined;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.place = details.place;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
  }

  get kind(): ErrorKind {
    return ERROR_CODES[this.code];
  }
}

/** `file:line:column`, as far as the place is known. */
export function formatPlace(place: Place): string {
  const position = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
  return place.field === undefined ? position : `${position} (${place.field})`;
}

/** One line for people: `CODE: message (place). hint`. */
export function formatError(error: MooringError): string {
  const place = error.place === undefined ? '' : ` (${formatPlace(error.place)})`;
  const hint = error.hint === undefined ? '' : ` ${error.hint}`;
  return `${error.code}: ${error.message}${place}.${hint}`;
}
