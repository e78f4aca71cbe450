import type { Check, Problem } from '@mooring/proto';
import type { RenderedHost } from '../drift/host-facts.ts';
import type { Presence } from '../ingest/presence.ts';
import type { Questions } from '../ingest/questions.ts';
import type { InventoryHost } from '../render/rendering.ts';
import type { RevisionReading } from '../source/follow.ts';
import type { ObjectRecord, Store } from '../store/store.ts';
import type { Timers } from '../timers.ts';
import type { Changes } from './changes.ts';

/** What the hub knows beside the store. */
export interface FleetView {
  /** Hosts in the newest rendering. */
  readonly hosts: ReadonlyMap<string, RenderedHost>;
  /** Repository that is followed, without credentials. */
  readonly source: string;
  readonly branch: string;
  /** Unix milliseconds when the source was last asked with success; 0: never. */
  readonly sourceAskedAtMs: number;
  /** What is wrong with the hub itself. */
  readonly problems: readonly Problem[];
  /** As `doctor` shows them. */
  readonly checks: readonly Check[];
  /** Counts since the start, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What answering questions about the fleet relies on. */
export interface QueryParts {
  readonly store: Store;
  readonly presence: Presence;
  readonly questions: Pick<Questions, 'ask'>;
  readonly view: () => FleetView;
  /** To be notified when the view changes; the store and presence tell by themselves. */
  readonly changes: Changes;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
  readonly version: string;
  readonly fleet: { readonly id: string; readonly name: string };
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  /** Plain bytes of a stored object. */
  readonly openObject: (record: ObjectRecord) => Uint8Array;
  /** The hosts of the fleet now, as rendering sees them. */
  readonly inventory: () => readonly InventoryHost[];
  /** Renders any revision of the repository, by its full name or a branch; nothing is stored. */
  readonly renderRevision: (revision: string, inventory: readonly InventoryHost[]) => Promise<RevisionReading>;
}
