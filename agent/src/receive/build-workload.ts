import {
  Assignment,
  decodeEnvelope,
  MooringError,
  type StackAssignment,
  type TrustedKey,
  verifyEnvelope,
} from '@mooring/proto';
import type { Keep } from '../keep/open-keep.ts';
import type { KeptRelease } from '../keep/releases.ts';
import type { DesiredStack } from '../plan/desired.ts';
import { type Material, openMaterial } from '../verify/open-material.ts';
import { type FetchObject, FROM_DISK_ALONE } from './object-source.ts';
import { stageStack } from './stage-stack.ts';
import type { StagedStack, Workload } from './workload.ts';

/** What building relies on. */
export interface BuildParts {
  readonly keep: Pick<Keep, 'contents' | 'releases'>;
  /** 32 bytes. */
  readonly dataKey: Uint8Array;
  readonly keys: readonly TrustedKey[];
  readonly fetch: FetchObject;
  /** Stops between two stacks. */
  readonly signal?: AbortSignal | undefined;
}

/** A verified assignment and its bytes. */
export interface Received {
  readonly assignment: Assignment;
  /** Of the envelope's bytes. */
  readonly digest: string;
  readonly payloadDigest: string;
  readonly envelope: Uint8Array;
}

/**
 * Stages every stack of an assignment. A stack that is refused does not stop the others: the release that it ran before goes on. Throws ASSIGNMENT_SEAL
 * where nothing in it is for this host, and DISK_FULL.
 */
export async function buildWorkload(received: Received, parts: BuildParts): Promise<Workload> {
  const { assignment, digest, payloadDigest, envelope } = received;
  const material = openMaterial(assignment, parts.dataKey);
  const stacks: StagedStack[] = [];
  for (const assigned of assignment.stacks) {
    parts.signal?.throwIfAborted();
    stacks.push(await stage(assigned, { ...parts, material, generation: assignment.generation }));
  }
  return { assignment, digest, payloadDigest, envelope, stacks };
}

interface StageParts extends BuildParts {
  readonly material: Material;
  readonly generation: bigint;
}

async function stage(assigned: StackAssignment, parts: StageParts): Promise<StagedStack> {
  try {
    const bundle = await stageStack(assigned, { ...parts, contents: parts.keep.contents });
    const { commit, release, driftMode, ignore, hold, stack } = assigned;
    const bundleObject = release?.bundle ?? '';
    const generation = parts.generation;
    const desired = { stack, commit, generation, bundleObject, bundle, driftMode, ignore, hold };
    return { assigned, desired, refusal: undefined };
  } catch (error) {
    if (!(error instanceof MooringError)) throw error;
    return { assigned, desired: await earlierRelease(assigned, parts), refusal: error };
  }
}

/** The release that ran before, verified again from disk, under the drift mode, ignore rules and hold of now. */
async function earlierRelease(assigned: StackAssignment, parts: StageParts): Promise<DesiredStack | undefined> {
  const { releases, contents } = parts.keep;
  const kept = releases.find(assigned.stack, 'running');
  const envelope = kept === undefined ? undefined : releases.envelope(kept.generation);
  if (kept === undefined || envelope === undefined) return undefined;
  try {
    const { earlier, material } = openEarlier(kept, envelope, parts);
    const bundle = await stageStack(earlier, { material, contents, fetch: FROM_DISK_ALONE });
    const { stack, driftMode, ignore, hold } = assigned;
    const { generation, bundle: bundleObject } = kept;
    return { stack, commit: earlier.commit, generation, bundleObject, bundle, driftMode, ignore, hold };
  } catch (error) {
    // An older release that is damaged as well leaves the stack alone; the newer one's refusal is what is told.
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}

/** Opens an assignment that was accepted once: its signature is checked again, its generation is in the past by design. */
export function openEarlier(
  kept: Pick<KeptRelease, 'stack' | 'bundle'>,
  envelope: Uint8Array,
  { keys, dataKey }: Pick<BuildParts, 'keys' | 'dataKey'>,
): { earlier: StackAssignment; material: Material } {
  const assignment = Assignment.decode(verifyEnvelope(decodeEnvelope(envelope), keys));
  const earlier = assignment.stacks.find(
    ({ stack, release }) => stack === kept.stack && release?.bundle === kept.bundle,
  );
  if (earlier === undefined) {
    throw new MooringError(
      'STATE_CORRUPT',
      `Cannot find the earlier release of ${kept.stack}: its assignment does not name it; one that does is wanted`,
    );
  }
  return { earlier, material: openMaterial(assignment, dataKey) };
}
