/** Boundaries at which a crash is tried: after each call that changes what a step has come to. */
export const FAILPOINTS = [
  'apply.begun',
  'create.begun',
  'create.created',
  'create.recorded',
  'create.started',
  'replace.begun',
  'replace.created',
  'replace.stopped',
  'replace.started',
  'replace.renamed',
  'replace.named',
  'replace.healthy',
  'replace.removed',
  'group.held',
  'group.proven',
  'group.freed',
  'network.stopped',
  'network.disconnected',
  'network.removed',
  'network.created',
  'network.connected',
  'network.started',
  'update.limited',
  'update.disconnected',
  'update.connected',
  'update.renamed',
] as const;

/** One of the boundaries above. */
export type Failpoint = (typeof FAILPOINTS)[number];

/** Kills this process as a power cut would when MOORING_FAILPOINT names the boundary; for tests of recovery. */
export function failpoint(name: Failpoint): void {
  if (process.env['MOORING_FAILPOINT'] === name) process.kill(process.pid, 'SIGKILL');
}
