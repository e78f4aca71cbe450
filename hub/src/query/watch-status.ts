import { setTimeout as pause } from 'node:timers/promises';
import type { GetStatusResponse, WatchStatusResponse } from '@mooring/proto';
import { ABORTED, untilAborted } from '../grpc/until-aborted.ts';
import type { Changes } from './changes.ts';

/** Milliseconds between two statuses to one watcher: people read no faster. */
const STATUS_INTERVAL_MS = 1000;

/** The status now and again after changes, at most once a second. A slow reader gets the newest, never a backlog. */
export async function* watchStatus(
  changes: Changes,
  look: () => { readonly status: GetStatusResponse; readonly version: number },
  signal: AbortSignal,
): AsyncGenerator<WatchStatusResponse, void, undefined> {
  for (;;) {
    const { status, version } = look();
    yield { status };
    if ((await untilAborted(pause(STATUS_INTERVAL_MS, undefined, { ref: false }), signal)) === ABORTED) return;
    if (!(await changes.after(version, signal))) return;
  }
}
