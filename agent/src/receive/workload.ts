import type { Assignment, MooringError, StackAssignment } from '@mooring/proto';
import type { Desired, DesiredStack } from '../plan/desired.ts';

/** One stack of the accepted assignment: verified and on disk, or refused for a reason. */
export interface StagedStack {
  readonly assigned: StackAssignment;
  /** What to keep running: the assigned release, or the one before where this one is refused; undefined: nothing is known to be good. */
  readonly desired: DesiredStack | undefined;
  /** Why the assigned release is refused. */
  readonly refusal: MooringError | undefined;
}

/** The accepted assignment, ready to reconcile. */
export interface Workload {
  readonly assignment: Assignment;
  /** Of the envelope's bytes. */
  readonly digest: string;
  readonly payloadDigest: string;
  readonly envelope: Uint8Array;
  readonly stacks: readonly StagedStack[];
}

/** What the reconciler is asked for. A refused stack without an older release is left alone. */
export function desiredOf({ assignment, stacks }: Workload): Desired {
  return {
    fleetId: assignment.fleetId,
    generation: assignment.generation,
    stacks: stacks.flatMap(({ desired }) => desired ?? []),
    removals: assignment.removals.map(({ stack }) => stack),
  };
}

/** True when a stack could not be had and may be had later. */
export function isIncomplete({ stacks }: Workload): boolean {
  return stacks.some(({ refusal }) => refusal !== undefined && FETCHED_AGAIN.has(refusal.code));
}

const FETCHED_AGAIN: ReadonlySet<string> = new Set([
  'OBJECT_MISSING',
  'OBJECT_DIGEST',
  'DISK_FULL',
  'BUNDLE_PATH',
  'INTERNAL',
]);
