import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { MooringError } from './error.ts';
import type { ErrorCode } from './error-code.ts';
import { MAX_ENVELOPE_BYTES, MAX_ENVELOPE_SIGNATURES } from './limits.ts';

/** Payload types of the documents that Mooring signs. */
export const PAYLOAD_TYPES = {
  assignment: 'application/vnd.mooring.assignment.v1+protobuf',
  trust: 'application/vnd.mooring.trust.v1+protobuf',
} as const;

/** A DSSE v1 envelope, decoded but not verified. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly { readonly keyId: string; readonly signature: Uint8Array }[];
}

/** A key that may have signed, with the id that envelopes name it by. */
export interface TrustedKey {
  readonly keyId: string;
  readonly key: KeyObject;
}

/** DSSE's pre-authentication encoding: `DSSEv1 SP LEN(type) SP type SP LEN(payload) SP payload` (DSSE protocol v1.0.2). */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The id of an Ed25519 public key: hex SHA-256 of its DER SubjectPublicKeyInfo. */
export function keyIdOf(key: KeyObject): string {
  const known = KEY_IDS.get(key);
  if (known !== undefined) return known;
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const id = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex');
  KEY_IDS.set(key, id);
  return id;
}

/** One key signs a whole fleet's assignments: its id is found out once. */
const KEY_IDS = new WeakMap<KeyObject, string>();

/** Signs `payload` with Ed25519 and returns the envelope's JSON bytes. */
export function signEnvelope(payloadType: string, payload: Uint8Array, privateKey: KeyObject): Uint8Array {
  const signature = sign(null, preAuthenticationEncoding(payloadType, payload), privateKey);
  const signatures = [{ keyid: keyIdOf(privateKey), sig: signature.toString('base64') }];
  // Base64 needs no escaping, and looking for what does takes longer than all else but signing.
  const rest = JSON.stringify({ payloadType, signatures }).slice(1);
  return Buffer.from(`{"payload":"${base64Of(payload)}",${rest}`);
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/**
 * Reads an envelope's JSON without trusting it. Throws ASSIGNMENT_TOO_LARGE, ASSIGNMENT_FORMAT or ASSIGNMENT_UNSIGNED. Both base64
 * alphabets are taken, as DSSE asks.
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.byteLength > MAX_ENVELOPE_BYTES) {
    throw refusal('ASSIGNMENT_TOO_LARGE', `it has ${bytes.byteLength} bytes; at most ${MAX_ENVELOPE_BYTES} are read`);
  }
  const document = parseObject(bytes);
  const { payload, payloadType, signatures } = document;
  if (typeof payload !== 'string' || typeof payloadType !== 'string' || !Array.isArray(signatures)) {
    throw refusal('ASSIGNMENT_FORMAT', 'payload, payloadType or signatures is missing; a DSSE v1 envelope is wanted');
  }
  if (signatures.length === 0)
    throw refusal('ASSIGNMENT_UNSIGNED', 'it carries no signature; one of a trusted key is wanted');
  if (signatures.length > MAX_ENVELOPE_SIGNATURES) {
    throw refusal(
      'ASSIGNMENT_FORMAT',
      `it carries ${signatures.length} signatures; at most ${MAX_ENVELOPE_SIGNATURES} are read`,
    );
  }
  return { payloadType, payload: decodeBase64(payload), signatures: signatures.map(readSignature) };
}

/**
 * Verifies that one of `keys` signed the envelope, and returns its payload. The key id is a hint only: a signature counts when the key that
 * it names verifies it. Throws ASSIGNMENT_KEY_UNKNOWN or ASSIGNMENT_SIGNATURE.
 */
export function verifyEnvelope(envelope: Envelope, keys: readonly TrustedKey[]): Uint8Array {
  const encoded = preAuthenticationEncoding(envelope.payloadType, envelope.payload);
  let known = false;
  for (const { keyId, signature } of envelope.signatures) {
    for (const trusted of keys.filter((candidate) => candidate.keyId === keyId)) {
      known = true;
      if (verify(null, encoded, trusted.key, signature)) return envelope.payload;
    }
  }
  if (!known)
    throw refusal('ASSIGNMENT_KEY_UNKNOWN', "no trusted key signed it; a key of the fleet's trust file is wanted");
  throw refusal(
    'ASSIGNMENT_SIGNATURE',
    'its signature does not fit its content; the bytes that were signed are wanted',
  );
}

function refusal(code: ErrorCode, what: string, cause?: unknown): MooringError {
  return new MooringError(code, `Cannot accept signed envelope: ${what}`, { cause });
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refusal('ASSIGNMENT_FORMAT', 'it is not JSON; a DSSE v1 envelope is wanted', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw refusal('ASSIGNMENT_FORMAT', 'it is not a JSON object; a DSSE v1 envelope is wanted');
  }
  // The one cast: every property is checked by the caller before use.
  return parsed as Record<string, unknown>;
}

function readSignature(entry: unknown): { keyId: string; signature: Uint8Array } {
  if (typeof entry === 'object' && entry !== null && 'sig' in entry && typeof entry.sig === 'string') {
    const keyId = 'keyid' in entry && typeof entry.keyid === 'string' ? entry.keyid : '';
    return { keyId, signature: decodeBase64(entry.sig) };
  }
  throw refusal('ASSIGNMENT_FORMAT', 'a signature has no sig; DSSE v1 wants one');
}

/**
 * Node passes over whatever is no digit, and takes both alphabets in one text: what decodes to fewer bytes than its digits make was not base64. Reading
 * the text once more to find that out would take as long as all else but the signature.
 */
function decodeBase64(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  const digits = text.length - padding;
  const bytes = Buffer.from(text, 'base64');
  const isMixed = (text.includes('-') || text.includes('_')) && (text.includes('+') || text.includes('/'));
  const isWhole = bytes.byteLength === Math.floor((digits * 3) / 4) && digits % 4 !== 1;
  if (isMixed || !isWhole || (padding > 0 && text.length % 4 !== 0) || Buffer.byteLength(text) !== text.length) {
    throw refusal('ASSIGNMENT_FORMAT', 'a field is not base64; standard or URL-safe base64 is wanted');
  }
  return bytes;
}
