import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Taker } from './row.ts';

/** Milliseconds of CPU at a stretch that no input may cost a program that serves others. */
const MAX_BUSY_MS = 1000;

/** What one input cost. */
export interface Cost {
  readonly busyMs: number;
  readonly grewBytes: number;
  readonly faults: readonly string[];
}

/** Measures what programs spend on an input: begin, give the input, then ask for the cost. */
export class Gauge {
  readonly #taker: Taker;
  readonly #pid: number;
  readonly #offset: number;
  readonly #bytes: number;

  constructor(taker: Taker) {
    this.#taker = taker;
    this.#pid = taker.pid();
    this.#offset = notes(taker).length;
    forgetPeak(this.#pid);
    this.#bytes = memory(this.#pid, 'VmRSS');
  }

  cost(): Cost {
    const { name, growthBytes } = this.#taker;
    if (!this.#taker.running() || this.#taker.pid() !== this.#pid)
      return { busyMs: 0, grewBytes: 0, faults: [`${name} died`] };
    const stretches = notes(this.#taker)
      .slice(this.#offset)
      .filter(({ pid }) => pid === this.#pid);
    const busyMs = Math.max(0, ...stretches.map((stretch) => stretch.busyMs));
    const grewBytes = Math.max(0, memory(this.#pid, 'VmHWM') - this.#bytes);
    const faults = [];
    if (busyMs > MAX_BUSY_MS) faults.push(`${name} was busy for ${busyMs} ms at a stretch`);
    if (grewBytes > growthBytes) faults.push(`${name} grew by ${Math.round(grewBytes / 2 ** 20)} MiB`);
    return { busyMs, grewBytes, faults };
  }
}

function notes({ probe }: Taker): readonly { pid: number; busyMs: number }[] {
  if (!existsSync(probe)) return [];
  const lines = readFileSync(probe, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [pid, busyMs] = line.split(' ').map(Number);
    return { pid: pid ?? 0, busyMs: busyMs ?? 0 };
  });
}

/** Bytes of a figure in `/proc/PID/status`; 0 for a process that is gone. */
function memory(pid: number, figure: 'VmRSS' | 'VmHWM'): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  return Number(new RegExp(`^${figure}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * 1024;
}

/** The peak counts from now (proc(5), clear_refs). */
function forgetPeak(pid: number): void {
  if (existsSync(`/proc/${pid}/clear_refs`)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
