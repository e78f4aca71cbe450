import { generateKeyPairSync } from 'node:crypto';
import { Assignment, digestOf, PAYLOAD_TYPES, signEnvelope } from '@mooring/proto';
import type { AssignmentRecord, ObjectRecord } from './store.ts';

const { privateKey } = generateKeyPairSync('ed25519');

export interface AssignmentDraft {
  readonly host: string;
  readonly generation: bigint;
  readonly revision?: number;
  /** Stack to the text whose digest names its bundle. */
  readonly stacks?: Readonly<Record<string, string>>;
  readonly objects?: readonly string[];
}

/** A really signed assignment as the signer stores it. */
export function assignmentRecord({
  host,
  generation,
  revision = 1,
  stacks = {},
  objects,
}: AssignmentDraft): AssignmentRecord {
  const entries = Object.entries(stacks).map(([stack, text]) => ({
    stack,
    commit: 'c0ffee',
    source: 'https://git.example/fleet',
    release: { bundle: bundleName(text), secrets: [] },
  }));
  const assignment = Assignment.fromPartial({ fleetId: 'fleet', host, generation, stacks: entries });
  const envelope = signEnvelope(PAYLOAD_TYPES.assignment, Assignment.encode(assignment).finish(), privateKey);
  return {
    host,
    generation,
    envelope,
    digest: digestOf(envelope),
    contentDigest: digestOf(Buffer.from(JSON.stringify(stacks))),
    objects: objects ?? Object.values(stacks).map(bundleName),
    revision,
    issuedAtMs: 5,
  };
}

export function bundleName(text: string): string {
  return digestOf(Buffer.from(text));
}

export function objectRecord(text: string, stack = ''): ObjectRecord {
  const ciphertext = Buffer.from(text);
  return {
    object: digestOf(ciphertext),
    plainDigest: digestOf(Buffer.from(`plain ${text}`)),
    plainSize: 1,
    ciphertext,
    stack,
  };
}
