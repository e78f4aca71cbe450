import {
  Assignment,
  type Digest,
  decodeEnvelope,
  digestOf,
  type ErrorCode,
  MAX_GENERATION_AHEAD_MS,
  MooringError,
  PAYLOAD_TYPES,
  type TrustedKey,
  verifyEnvelope,
} from '@mooring/proto';
import { checkAssignmentShape } from './assignment-shape.ts';

/** What the host already runs by. */
export interface AcceptedMark {
  readonly generation: bigint;
  /** Digest of the signed payload: the envelope around it may be written in more than one way. */
  readonly payloadDigest: string;
}

/** What an assignment is measured against. */
export interface AssignmentExpectation {
  /** Keys of the fleet's trust file that may sign assignments. */
  readonly keys: readonly TrustedKey[];
  readonly fleetId: string;
  readonly host: string;
  /** Undefined: the host never accepted one. */
  readonly accepted: AcceptedMark | undefined;
  /** Unix milliseconds by the host's clock. */
  readonly nowMs: number;
}

/** An assignment that passed every check. */
export interface VerifiedAssignment {
  readonly assignment: Assignment;
  /** Of the envelope's bytes, as the hub names it. */
  readonly digest: Digest;
  readonly payloadDigest: Digest;
  /** True when it is the accepted one: nothing is new. */
  readonly known: boolean;
}

/**
 * Verifies an assignment in the one fixed order: size, envelope, signature, type, fleet, host, generation, and last the shape of its content.
 * Nothing later runs before the earlier passed. Throws a MooringError whose code names the first check that failed.
 */
export function verifyAssignment(bytes: Uint8Array, expected: AssignmentExpectation): VerifiedAssignment {
  const envelope = decodeEnvelope(bytes);
  const payload = verifyEnvelope(envelope, expected.keys);
  if (envelope.payloadType !== PAYLOAD_TYPES.assignment) {
    throw refusal(
      'ASSIGNMENT_TYPE',
      `its type is ${quote(envelope.payloadType)}; ${PAYLOAD_TYPES.assignment} is wanted`,
    );
  }
  const assignment = decode(payload);
  if (assignment.fleetId !== expected.fleetId) {
    throw refusal(
      'ASSIGNMENT_WRONG_FLEET',
      `it is for fleet ${quote(assignment.fleetId)}; ${expected.fleetId} is wanted`,
    );
  }
  if (assignment.host !== expected.host) {
    throw refusal('ASSIGNMENT_WRONG_HOST', `it is for host ${quote(assignment.host)}; ${expected.host} is wanted`);
  }
  const payloadDigest = digestOf(payload);
  const known = checkGeneration(assignment.generation, payloadDigest, expected);
  checkAssignmentShape(assignment);
  return { assignment, digest: digestOf(bytes), payloadDigest, known };
}

function decode(payload: Uint8Array): Assignment {
  try {
    return Assignment.decode(payload);
  } catch (cause) {
    throw refusal('ASSIGNMENT_FORMAT', 'its payload is not a mooring.v1.Assignment; one is wanted', cause);
  }
}

/** True: this very assignment is the accepted one. */
function checkGeneration(generation: bigint, payloadDigest: string, expected: AssignmentExpectation): boolean {
  const { accepted, nowMs } = expected;
  if (generation === 0n) throw refusal('ASSIGNMENT_FORMAT', 'its generation is 0; one above is wanted');
  if (accepted !== undefined && generation === accepted.generation) {
    if (payloadDigest === accepted.payloadDigest) return true;
    throw refusal(
      'ASSIGNMENT_EQUIVOCATION',
      `generation ${generation} was accepted with other content; one content per generation is wanted`,
    );
  }
  if (accepted !== undefined && generation < accepted.generation) {
    throw refusal(
      'ASSIGNMENT_ROLLBACK',
      `its generation ${generation} is older than ${accepted.generation}, which was accepted; a newer one is wanted`,
    );
  }
  if (generation > BigInt(nowMs) + BigInt(MAX_GENERATION_AHEAD_MS)) {
    throw new MooringError(
      'ASSIGNMENT_FUTURE',
      `Cannot accept assignment: its generation ${generation} is more than a day ahead of this host's clock ${nowMs}; clocks that agree are wanted`,
      { hint: 'Compare the clocks of hub and host.' },
    );
  }
  return false;
}

/** Text from outside, bounded and escaped, for a message. */
function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** Characters of outside text in a message: enough for any honest name. */
const MAX_QUOTED = 80;

function refusal(code: ErrorCode, what: string, cause?: unknown): MooringError {
  return new MooringError(code, `Cannot accept assignment: ${what}`, { cause });
}
