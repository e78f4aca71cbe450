import type { KeyObject } from 'node:crypto';
import {
  Assignment,
  assignmentSealContext,
  type Digest,
  deriveObjectSecret,
  digestOf,
  PAYLOAD_TYPES,
  SealedMaterial,
  sealForHost,
  signEnvelope,
} from '@mooring/proto';
import type { AssignmentRecord } from '../store/store.ts';
import { type AssignmentContent, contentDigest } from './assignment-content.ts';

/** The secrets that issuing needs. They never leave the hub's process. */
export interface SigningKeys {
  readonly assignmentKey: KeyObject;
  /** Seals objects. */
  readonly objectSecret: Uint8Array;
  /** The 32-byte data key of the host. */
  readonly dataKey: Uint8Array;
}

/** An object that the assignment names. */
export interface NamedObject {
  readonly object: string;
  readonly plainDigest: Digest;
  readonly plainSize: number;
}

/** Everything about one assignment but its content. */
export interface IssueDetails {
  readonly generation: bigint;
  readonly objects: readonly NamedObject[];
  readonly reason: string;
  readonly actor: string;
  /** Sequence of the revision that it first satisfies. */
  readonly revision: number;
  readonly nowMs: number;
}

/** The next generation: grows with every assignment and with the clock, so that a hub that lost its memory still goes forward. */
export function nextGeneration(known: readonly bigint[], nowMs: number): bigint {
  const highest = known.reduce((a, b) => (a > b ? a : b), 0n);
  const clock = BigInt(nowMs);
  return highest + 1n > clock ? highest + 1n : clock;
}

/** Seals the keys of the objects for the host, signs the whole, and returns the record to store and publish. */
export function issueAssignment(
  content: AssignmentContent,
  details: IssueDetails,
  keys: SigningKeys,
): AssignmentRecord {
  const context = { fleetId: content.fleetId, host: content.host, generation: details.generation };
  const assignment = Assignment.fromPartial({
    ...content,
    generation: details.generation,
    sealedMaterial: sealForHost(
      keys.dataKey,
      assignmentSealContext(context),
      objectKeys(details.objects, keys.objectSecret),
    ),
    reason: details.reason,
    actor: details.actor,
    issuedAtMs: BigInt(details.nowMs),
  });
  const envelope = signEnvelope(PAYLOAD_TYPES.assignment, Assignment.encode(assignment).finish(), keys.assignmentKey);
  return {
    host: content.host,
    generation: details.generation,
    envelope,
    digest: digestOf(envelope),
    contentDigest: contentDigest(content),
    objects: details.objects.map(({ object }) => object),
    revision: details.revision,
    issuedAtMs: details.nowMs,
  };
}

function objectKeys(objects: readonly NamedObject[], objectSecret: Uint8Array): Buffer {
  const keys = objects.map(({ object, plainDigest, plainSize }) => ({
    object,
    plainDigest,
    plainSize: BigInt(plainSize),
    ...deriveObjectSecret(objectSecret, plainDigest),
  }));
  keys.sort((a, b) => (a.object < b.object ? -1 : 1));
  return Buffer.from(SealedMaterial.encode(SealedMaterial.fromPartial({ objects: keys })).finish());
}
