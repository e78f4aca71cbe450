import { DamageCheck } from './keep/damage.ts';
import type { Keep } from './keep/open-keep.ts';
import type { ReconcilerParts } from './reconciler.ts';

/** What a reconciler takes from elsewhere than the disk. */
type Outside = Pick<ReconcilerParts, 'engine' | 'fleetId' | 'tell' | 'restoreContents'> &
  Partial<Pick<ReconcilerParts, 'now' | 'timers'>>;

/** Everything that a reconciler relies on, over the agent's own folder. */
export function reconcilerParts(keep: Keep, outside: Outside): ReconcilerParts {
  const damage = new DamageCheck({ contents: keep.contents, disk: keep.disk, nowMs: outside.now ?? Date.now });
  return {
    now: Date.now,
    ...outside,
    record: keep.record,
    receipts: keep.receipts,
    completions: keep.completions,
    journal: keep.journal,
    paths: keep.contents,
    contents: (stacks) => damage.look(stacks),
    makeFolder: (path) => keep.disk.makeFolder(path, { above: true }),
    maskKey: keep.maskKey,
  };
}
