import {
  type Assignment,
  assignmentSealContext,
  type Digest,
  isDigest,
  MAX_OBJECT_BYTES,
  MooringError,
  type ObjectOpener,
  openForHost,
  SealedMaterial,
} from '@mooring/proto';

/** What opens one object, and how large its content is. */
export interface ObjectSecret extends ObjectOpener {
  readonly object: Digest;
  readonly plainDigest: Digest;
  /** Bytes of the plain content. */
  readonly plainSize: number;
}

/** The keys of an assignment, found by object or by content. */
export interface Material {
  byObject(object: string): ObjectSecret | undefined;
  byContent(plainDigest: string): ObjectSecret | undefined;
  all(): readonly ObjectSecret[];
}

/** Opens what the assignment seals for this host. Throws ASSIGNMENT_SEAL, ASSIGNMENT_FORMAT or OBJECT_TOO_LARGE. */
export function openMaterial(assignment: Assignment, dataKey: Uint8Array): Material {
  // A host that runs nothing needs no keys.
  if (assignment.sealedMaterial.byteLength === 0) return materialOf([]);
  const plain = openForHost(dataKey, assignmentSealContext(assignment), assignment.sealedMaterial);
  return materialOf(decode(plain).objects.map(readKey));
}

function materialOf(secrets: readonly ObjectSecret[]): Material {
  const objects = new Map(secrets.map((secret) => [secret.object as string, secret]));
  const contents = new Map(secrets.map((secret) => [secret.plainDigest as string, secret]));
  if (objects.size !== secrets.length) throw malformed('an object is there twice');
  return {
    byObject: (object) => objects.get(object),
    byContent: (plainDigest) => contents.get(plainDigest),
    all: () => secrets,
  };
}

function decode(plain: Uint8Array): SealedMaterial {
  try {
    return SealedMaterial.decode(plain);
  } catch (cause) {
    throw malformed('it is not a mooring.v1.SealedMaterial', cause);
  }
}

function readKey(entry: SealedMaterial['objects'][number]): ObjectSecret {
  const { object, plainDigest, key, nonce, plainSize } = entry;
  if (!isDigest(object) || !isDigest(plainDigest))
    throw malformed('an object is named by something else than a digest');
  if (plainSize > BigInt(MAX_OBJECT_BYTES)) {
    throw new MooringError(
      'OBJECT_TOO_LARGE',
      `Cannot accept assignment: object ${object} has ${plainSize} bytes; at most ${MAX_OBJECT_BYTES} are wanted`,
    );
  }
  return { object, plainDigest, key, nonce, plainSize: Number(plainSize) };
}

function malformed(what: string, cause?: unknown): MooringError {
  const message = `Cannot accept assignment: the sealed material makes no sense: ${what}; keys by object are wanted`;
  return new MooringError('ASSIGNMENT_FORMAT', message, { cause });
}
