import { type ErrorCode, MooringError } from '@mooring/proto';

/** What the operating system refuses, and what a person can do about it. */
const REFUSALS: Readonly<Record<string, { code: ErrorCode; what: string; hint: string }>> = {
  EACCES: notAllowed('this user may not'),
  EPERM: notAllowed('this user may not'),
  EROFS: notAllowed('its file system is read-only'),
  ENOSPC: { code: 'DISK_FULL', what: 'the disk is full', hint: 'Make room, or name another folder with --data.' },
  EDQUOT: { code: 'DISK_FULL', what: 'the quota is used up', hint: 'Make room, or name another folder with --data.' },
};

function notAllowed(what: string): { code: ErrorCode; what: string; hint: string } {
  return { code: 'CONFIG_PERMISSIONS', what, hint: 'Run it as root, or name a folder of your own with --data.' };
}

/** An error of the operating system that a person can mend, in the words of the house; undefined for every other error. */
export function systemError(error: unknown): MooringError | undefined {
  if (!(error instanceof Error && 'code' in error && 'path' in error)) return undefined;
  const refusal = REFUSALS[String(error.code)];
  if (refusal === undefined) return undefined;
  const { code, what, hint } = refusal;
  const message = `Cannot use ${String(error.path)}: ${what} (${String(error.code)}); a place that can be used is wanted`;
  return new MooringError(code, message, { hint, cause: error });
}
