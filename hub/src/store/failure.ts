import { asErrorCode, MooringError } from '@mooring/proto';

/** An error on its way between two threads, which copy values but not classes. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly file: string | undefined;
}

/** Makes an error that can cross to another thread. */
export function toFailure(error: unknown): Failure {
  if (error instanceof MooringError) {
    return { code: error.code, message: error.message, hint: error.hint, file: error.place?.file };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message: `Cannot write to the store: ${text}`, hint: undefined, file: undefined };
}

/** Makes the error again that crossed. */
export function fromFailure({ code, message, hint, file }: Failure): MooringError {
  return new MooringError(asErrorCode(code) ?? 'INTERNAL', message, {
    hint,
    place: file === undefined ? undefined : { file },
  });
}
