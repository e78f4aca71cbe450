import { engineError } from './engine-error.ts';

/** What an engine answers, as the client library passes it on. */
export function said(statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode });
}

/** An engine's refusal because somebody else has what is asked for. */
export function conflict(what: string, message: string): Error {
  return engineError(what, said(409, message), 'ENGINE_CONFLICT');
}
