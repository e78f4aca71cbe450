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
import { messageBytes } from '../message-bytes.ts';
import type { AssignmentRecord } from '../store/store.ts';
import type { IssuedContent } from './assignment-content.ts';

/** The secrets that issuing needs. They never leave the hub's process. */
export interface SigningKeys {
  readonly assignmentKey: KeyObject;
  /** The 32-byte data key of the host. */
  readonly dataKey: Uint8Array;
}

/** An object that the assignment names. */
export interface NamedObject {
  readonly object: string;
  readonly plainDigest: Digest;
  readonly plainSize: number;
}

/** What assignments of the same bundles have in common. */
export interface Material {
  readonly objects: readonly string[];
  /** The keys of those objects, as they are sealed for each host. */
  readonly keys: Buffer;
}

/** Everything about one assignment but its content. */
export interface IssueDetails {
  readonly generation: bigint;
  /** Objects that it names, and the keys that open them. */
  readonly material: Material;
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
  { content, contentDigest }: IssuedContent,
  details: IssueDetails,
  keys: SigningKeys,
): AssignmentRecord {
  const context = { fleetId: content.fleetId, host: content.host, generation: details.generation };
  const assignment: Assignment = {
    ...content,
    generation: details.generation,
    sealedMaterial: sealForHost(keys.dataKey, assignmentSealContext(context), details.material.keys),
    reason: details.reason,
    actor: details.actor,
    issuedAtMs: BigInt(details.nowMs),
  };
  const payload = messageBytes((to) => Assignment.encode(assignment, to));
  const envelope = signEnvelope(PAYLOAD_TYPES.assignment, payload, keys.assignmentKey);
  return {
    host: content.host,
    generation: details.generation,
    envelope,
    digest: digestOf(envelope),
    contentDigest,
    objects: details.material.objects,
    revision: details.revision,
    issuedAtMs: details.nowMs,
  };
}

/** The keys of objects, to be sealed for each host that is to read them. */
export function materialOf(objects: readonly NamedObject[], objectSecret: Uint8Array): Material {
  const keys = objects.map(({ object, plainDigest, plainSize }) => ({
    object,
    plainDigest,
    plainSize: BigInt(plainSize),
    ...deriveObjectSecret(objectSecret, plainDigest),
  }));
  keys.sort((a, b) => (a.object < b.object ? -1 : 1));
  const encoded = SealedMaterial.encode(SealedMaterial.fromPartial({ objects: keys })).finish();
  return { objects: objects.map(({ object }) => object), keys: Buffer.from(encoded) };
}
