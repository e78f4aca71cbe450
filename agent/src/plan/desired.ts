import type { Bundle, DriftMode, Hold } from '@mooring/proto';

/** One stack that this host must run, verified and on disk. */
export interface DesiredStack {
  readonly stack: string;
  /** The commit that last changed it, hex. */
  readonly commit: string;
  /** Generation of the assignment that brought it. */
  readonly generation: bigint;
  /** Object name of the bundle. */
  readonly bundleObject: string;
  readonly bundle: Bundle;
  readonly driftMode: DriftMode;
  readonly ignore: readonly string[];
  readonly hold: Hold | undefined;
}

/** What the accepted assignment asks for. */
export interface Desired {
  /** Fleet id, for labels. */
  readonly fleetId: string;
  readonly generation: bigint;
  /** Sorted by name. */
  readonly stacks: readonly DesiredStack[];
  /** Stacks to remove. A stack in neither list is left alone. */
  readonly removals: readonly string[];
}

/** Where contents and data of stacks live on this host: absolute paths that the engine can mount. */
export interface MountPaths {
  /** The read-only copy of a content, by plain digest. */
  content(digest: string, executable: boolean): string;
  /** The read-only copy of a folder, by tree digest. */
  tree(digest: string): string;
  /** The stable folder of a relative bind that is not in Git. */
  data(stack: string, path: string): string;
}
