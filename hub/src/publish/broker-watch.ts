import { spawn } from 'node:child_process';
import type { Logger } from 'pino';

/**
 * Reads from the hub until the hub says that all is well or is no more: its end of the pipe closes however it ends, by kill -9 too. Then it ends the
 * broker, if the process is still that one. $1: process id of the broker, $2: its configuration file, $3: tenths of a second to end by itself.
 */
const WATCH = `
  ours() { tr '\\0' '\\n' < "/proc/$1/cmdline" 2>/dev/null | grep -qxF -- "$2"; }
  read -r line && exit 0
  ours "$1" "$2" || exit 0
  kill -TERM "$1"
  left=$3
  while ours "$1" "$2" && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
  ours "$1" "$2" && kill -KILL "$1"
  exit 0
`;

/** Tenths of a second that a broker has to end by itself. */
const STOP_TENTHS = 50;

/** What is watched over. */
export interface WatchedBroker {
  readonly pid: number;
  /** Stands in its command line, so that another process with its id is left alone. */
  readonly configFile: string;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Has the broker end when this process does: Node cannot ask the kernel for that, so a shell waits on a pipe that this process holds. It stands in a
 * group of its own, where no Ctrl-C reaches it first. Returns what calls it off. Without a shell the next hub ends the broker, as it always does.
 */
export function watchBroker({ pid, configFile, log }: WatchedBroker): () => void {
  const args = ['-c', WATCH, 'mooring-broker-watch', String(pid), configFile, String(STOP_TENTHS)];
  const watcher = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watcher.once('error', (err) =>
    log.warn({ err }, 'nobody ends the broker if this hub is killed, until the next one starts'),
  );
  // Its own end is no trouble of the hub's.
  watcher.stdin.on('error', () => undefined);
  watcher.unref();
  return () => watcher.stdin.end('well\n');
}
