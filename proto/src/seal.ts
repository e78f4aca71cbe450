import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { type Digest, digestHex, digestOf } from './digest.ts';
import { MooringError } from './error.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed object and what opens it. */
export interface SealedObject {
  /** Names the object: the digest of `ciphertext`. */
  readonly object: Digest;
  /** Ciphertext followed by the 16-byte tag. */
  readonly ciphertext: Uint8Array;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** The key and nonce of one content. */
export interface ObjectSecret {
  /** 32 bytes. */
  readonly key: Buffer;
  /** 12 bytes. */
  readonly nonce: Buffer;
}

/**
 * Key and nonce of the content with this digest, by HKDF-SHA-256 from the hub's secret: one key seals one plaintext, and the same content
 * keeps its name.
 */
export function deriveObjectSecret(hubSecret: Uint8Array, plainDigest: Digest): ObjectSecret {
  const salt = Buffer.from(digestHex(plainDigest), 'hex');
  const secret = createSecretKey(hubSecret);
  const material = Buffer.from(hkdfSync('sha256', secret, salt, 'mooring.v1.object', KEY_BYTES + NONCE_BYTES));
  return { key: material.subarray(0, KEY_BYTES), nonce: material.subarray(KEY_BYTES) };
}

/** Seals one content under its derived secret. */
export function sealObject(hubSecret: Uint8Array, plain: Uint8Array): SealedObject {
  const { key, nonce } = deriveObjectSecret(hubSecret, digestOf(plain));
  const ciphertext = encrypt({ key, nonce, plain, additional: new Uint8Array() });
  return { object: digestOf(ciphertext), ciphertext, key, nonce };
}

/** What an assignment says of an object. */
export interface ObjectOpener {
  readonly object: string;
  readonly plainDigest: string;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** Opens an object and checks both digests. Throws OBJECT_DIGEST when bytes are not the named ones, OBJECT_SEAL when the key does not open them. */
export function openObject(ciphertext: Uint8Array, opener: ObjectOpener): Uint8Array {
  if (digestOf(ciphertext) !== opener.object) {
    throw new MooringError(
      'OBJECT_DIGEST',
      `Cannot open object ${opener.object}: its bytes have another digest; the published bytes are wanted`,
    );
  }
  const plain = decrypt({ key: opener.key, nonce: opener.nonce, sealed: ciphertext, additional: new Uint8Array() });
  if (plain === undefined) {
    throw new MooringError(
      'OBJECT_SEAL',
      `Cannot open object ${opener.object}: its key does not fit; the key of the assignment is wanted`,
    );
  }
  if (digestOf(plain) !== opener.plainDigest) {
    throw new MooringError(
      'OBJECT_DIGEST',
      `Cannot open object ${opener.object}: its content has another digest; ${opener.plainDigest} is wanted`,
    );
  }
  return plain;
}

/** Seals what only one host may read under its 32-byte data key: random nonce (12), ciphertext, tag (16). `context` is authenticated with it. */
export function sealForHost(dataKey: Uint8Array, context: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  return Buffer.concat([nonce, encrypt({ key: dataKey, nonce, plain, additional: Buffer.from(context) })]);
}

/** Opens what `sealForHost` sealed with the same context. Throws ASSIGNMENT_SEAL. */
export function openForHost(dataKey: Uint8Array, context: string, sealed: Uint8Array): Uint8Array {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const plain =
    sealed.byteLength < NONCE_BYTES + TAG_BYTES
      ? undefined
      : decrypt({ key: dataKey, nonce, sealed: sealed.subarray(NONCE_BYTES), additional: Buffer.from(context) });
  if (plain === undefined) {
    throw new MooringError(
      'ASSIGNMENT_SEAL',
      "Cannot open sealed material: it is not sealed for this host; the host's own data key is wanted",
      {
        hint: 'Join the host again with a new invitation.',
      },
    );
  }
  return plain;
}

/** What is authenticated together with the sealed material of an assignment. */
export function assignmentSealContext(assignment: { fleetId: string; host: string; generation: bigint }): string {
  return `mooring.v1.assignment\n${assignment.fleetId}\n${assignment.host}\n${assignment.generation}`;
}

function encrypt(parts: { key: Uint8Array; nonce: Uint8Array; plain: Uint8Array; additional: Uint8Array }): Uint8Array {
  // Bytes in place of a key cost Node an exception each time, which takes longer than the sealing.
  const cipher = createCipheriv(ALGORITHM, createSecretKey(parts.key), parts.nonce).setAAD(parts.additional);
  return Buffer.concat([cipher.update(parts.plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(parts: {
  key: Uint8Array;
  nonce: Uint8Array;
  sealed: Uint8Array;
  additional: Uint8Array;
}): Uint8Array | undefined {
  if (
    parts.key.byteLength !== KEY_BYTES ||
    parts.nonce.byteLength !== NONCE_BYTES ||
    parts.sealed.byteLength < TAG_BYTES
  )
    return undefined;
  const split = parts.sealed.byteLength - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, createSecretKey(parts.key), parts.nonce, { authTagLength: TAG_BYTES })
    .setAAD(parts.additional)
    .setAuthTag(parts.sealed.subarray(split));
  try {
    return Buffer.concat([decipher.update(parts.sealed.subarray(0, split)), decipher.final()]);
  } catch {
    // GCM's only verdict is "does not authenticate"; the callers say it in their own words.
    return undefined;
  }
}
