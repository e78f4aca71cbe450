import { setTimeout as pause } from 'node:timers/promises';
import { RevisionVerdict, WatchRevisionResponse } from '@mooring/proto';
import { revisionProgress } from '../drift/revision-progress.ts';
import { ABORTED, untilAborted } from '../grpc/until-aborted.ts';
import type { RevisionRecord, Store } from '../store/store.ts';
import type { QueryParts } from './parts.ts';
import { commitPrefix, toRevision } from './revisions.ts';
import type { Snapshot, Snapshots } from './snapshots.ts';

/** Milliseconds between two looks for one watcher: a wait ends this much late at most. */
const LOOK_INTERVAL_MS = 200;
/** Names of hosts in one message. */
const MAX_NAMES = 100;

/** What watching a revision relies on. */
interface WatchParts {
  readonly parts: QueryParts;
  readonly snapshots: Snapshots;
}

/** How far a revision has come, each time that it changes, until every host runs it or it is refused. */
export async function* watchRevision(
  { parts, snapshots }: WatchParts,
  asked: string,
  signal: AbortSignal,
): AsyncGenerator<WatchRevisionResponse, void, undefined> {
  const { store, changes } = parts;
  let commit = asked === '' ? undefined : commitPrefix(asked);
  let told: string | undefined;
  for (;;) {
    const snapshot = snapshots.take();
    // The newest accepted one at the beginning is watched to its end, whatever is accepted later.
    const revision = commit === undefined ? store.acceptedRevision() : store.revision(commit);
    commit = revision?.commit ?? commit;
    const response = progressOf(store, snapshot, revision);
    const text = Buffer.from(WatchRevisionResponse.encode(response).finish()).toString('base64');
    if (text !== told) yield response;
    told = text;
    if (response.finished) return;
    if ((await untilAborted(pause(LOOK_INTERVAL_MS, undefined, { ref: false }), signal)) === ABORTED) return;
    if (!(await changes.after(snapshot.version, signal))) return;
  }
}

function progressOf(store: Store, { active }: Snapshot, revision: RevisionRecord | undefined): WatchRevisionResponse {
  const nothing = { revision: undefined, total: 0, done: 0, failed: [], waiting: [], finished: false };
  if (revision === undefined) return nothing;
  if (revision.verdict === RevisionVerdict.REVISION_VERDICT_REFUSED) {
    return { ...nothing, revision: toRevision(revision), finished: true };
  }
  // Until its assignments are stored nobody knows what a host must run.
  if (!revision.issued) return { ...nothing, revision: toRevision(revision) };
  const isNewest = store.acceptedRevision()?.sequence === revision.sequence;
  const progress = revisionProgress(active, store.generationsFor(revision.sequence), { isNewest });
  return {
    revision: toRevision(revision),
    total: progress.total,
    done: progress.done,
    failed: progress.failed.slice(0, MAX_NAMES),
    waiting: progress.waiting.slice(0, MAX_NAMES),
    finished: progress.done === progress.total,
  };
}
