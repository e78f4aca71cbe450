import type { RenderProblem } from '@mooring/proto';
import type { AssignmentHead, HostHead, HostRecord, StackHead } from '../store/store.ts';

/** Whether and when a host was last heard of. */
export interface Sighting {
  /** Heartbeats arrive. */
  readonly online: boolean;
  /** Unix milliseconds by the hub's clock; 0: never. */
  readonly lastSeenMs: number;
  /** A full report came over the connection of now: what is stored is not from before it. */
  readonly reported: boolean;
}

/** Everything that is known about one host. */
export interface HostFacts {
  readonly host: HostRecord;
  readonly sighting: Sighting;
  /** The newest that was issued. */
  readonly assignment: AssignmentHead | undefined;
  /** Highest generation that it told, or that it has of another hub; below 0: not heard since the database was restored. */
  readonly highWater: bigint;
  /** What it said last of itself. */
  readonly head: HostHead | undefined;
  /** What it said last of its stacks, sorted. */
  readonly stacks: readonly StackHead[];
  /** What the newest rendering says of the host; undefined: it knows nothing of it. */
  readonly rendered: RenderedHost | undefined;
  readonly driftCount: number;
}

/** A host in the newest rendering. */
export interface RenderedHost {
  /** From joining and from Git, which wins. */
  readonly labels: Readonly<Record<string, string>>;
  /** Stacks that select the host and do not render for it. */
  readonly problems: readonly RenderProblem[];
}
