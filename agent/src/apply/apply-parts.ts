import type { Engine } from '../observe/engine.ts';
import type { MountPaths } from '../plan/desired.ts';
import type { Timers } from '../timers.ts';
import type { Completions, Journal, OwnRecord, Receipts, Tell } from './ports.ts';

/** What applying relies on. */
export interface ApplyParts {
  readonly engine: Engine;
  readonly fleetId: string;
  readonly record: OwnRecord;
  readonly receipts: Receipts;
  readonly completions: Completions;
  readonly journal: Journal;
  readonly paths: MountPaths;
  /** Puts back what a stack mounts and is no longer as it was signed. Throws OBJECT_MISSING, OBJECT_SEAL, DISK_FULL. */
  readonly restoreContents: (stack: string) => Promise<void>;
  /** Makes a folder that a container mounts, and those above it; one that is there is fine. */
  readonly makeFolder: (path: string) => void;
  readonly tell: Tell;
  readonly now: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}
