/** Boundaries at which a crash is tried: after each call that changes what a replacement has come to. */
export type Failpoint =
  | 'replace.begun'
  | 'replace.stopped'
  | 'replace.renamed'
  | 'replace.created'
  | 'replace.started'
  | 'replace.healthy'
  | 'replace.removed';

/** Kills this process as a power cut would when MOORING_FAILPOINT names the boundary; for tests of recovery. */
export function failpoint(name: Failpoint): void {
  if (process.env['MOORING_FAILPOINT'] === name) process.kill(process.pid, 'SIGKILL');
}
