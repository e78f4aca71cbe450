import { readdirSync, readFileSync } from 'node:fs';

// The kernel counts processor time in these (USER_HZ), on every architecture that Node runs on.
const TICKS_PER_SECOND = 100;
const KIB_PER_MB = 1e6 / 1024;

/** What a process has cost so far. */
export interface Cost {
  /** Resident memory now, and at its highest. */
  readonly residentMb: number;
  readonly peakMb: number;
  /** Of the process and of its children that have ended. */
  readonly cpuSeconds: number;
}

/** Reads the cost of a process from the kernel. */
export function costOf(pid: number): Cost {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  // Fields follow the command's name, which may hold spaces; utime is the 14th of them all (proc_pid_stat(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return {
    residentMb: kib('VmRSS') / KIB_PER_MB,
    peakMb: kib('VmHWM') / KIB_PER_MB,
    cpuSeconds: ticks / TICKS_PER_SECOND,
  };
}

/** Processes that a process started and that still run. */
export function childrenOf(pid: number): readonly { readonly pid: number; readonly name: string }[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((text) => text !== '')
      .map((text) => ({ pid: Number(text), name: readFileSync(`/proc/${text}/comm`, 'utf8').trim() })),
  );
}
