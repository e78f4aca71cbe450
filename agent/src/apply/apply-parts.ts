import type { Engine } from '../observe/engine.ts';
import type { MountPaths } from '../plan/desired.ts';
import type { Journal, OwnRecord, Tell } from './ports.ts';

/** What applying relies on. */
export interface ApplyParts {
  readonly engine: Engine;
  readonly fleetId: string;
  readonly record: OwnRecord;
  readonly journal: Journal;
  readonly paths: MountPaths;
  readonly tell: Tell;
  readonly now: () => number;
}
