/** Reasons of the operating system, in the words of a person who looks for a hub. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing is there',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EACCES: 'this user may not open it',
  EHOSTUNREACH: 'there is no way to that machine',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'nobody knows that name',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'it does not answer',
};

/** One short cause out of what grpc-js says when no connection came about: its sentence holds the last error, a stack of notes and a colon. */
export function connectCause(details: string): string {
  const code = /\b(E[A-Z_]{3,})\b/.exec(details)?.[1];
  if (code !== undefined) return `${REASONS[code] ?? 'no connection came about'} (${code})`;
  const last = /Last error: (?:Error: )?(.*?)\.? Resolution note:/.exec(details)?.[1] ?? '';
  return last === '' || last === 'null' ? details.replace(/[.\s]+$/, '') : last;
}
