import { createHash } from 'node:crypto';
import { MooringError } from './error.ts';
import type { ErrorCode } from './error-code.ts';

/** What a join string tells a host: whom to trust, where to go, and the proof that it was invited. */
export interface JoinInvitation {
  readonly fleetId: string;
  readonly fleetName: string;
  /** Where the join port listens: "host:port", in the order to try. */
  readonly addresses: readonly string[];
  /** The fleet's certificate authority, DER. */
  readonly caCertificate: Uint8Array;
  /** Public root key, DER SubjectPublicKeyInfo: signs the trust file. */
  readonly rootKey: Uint8Array;
  readonly tokenId: string;
  /** 32 random bytes. */
  readonly tokenSecret: Uint8Array;
  /** Name that the host gets. */
  readonly host: string;
  /** Unix milliseconds by the hub's clock. */
  readonly expiresAtMs: number;
}

/** Begins every join string; the digit is the version of what follows. */
export const JOIN_STRING_PREFIX = 'mooring-join-1.';
/** Characters of a join string that are read: an honest one has about 1,000. */
export const MAX_JOIN_STRING_CHARACTERS = 8192;

/** Bytes of the checksum: finds a cut or mistyped paste, is no proof of origin. */
const CHECKSUM_BYTES = 8;
const LENGTH_BYTES = 2;
/** Bytes of a token's secret. */
const SECRET_BYTES = 32;
const FIELDS = 9;

/** One line to paste: the prefix and base64url of nine fields, each behind its 16-bit length, and the first bytes of their SHA-256. */
export function encodeJoinString(invitation: JoinInvitation): string {
  const text = (value: string) => Buffer.from(value, 'utf8');
  const fields = [
    text(invitation.fleetId),
    text(invitation.fleetName),
    text(invitation.addresses.join(' ')),
    invitation.caCertificate,
    invitation.rootKey,
    text(invitation.tokenId),
    invitation.tokenSecret,
    text(invitation.host),
    text(String(invitation.expiresAtMs)),
  ];
  const body = Buffer.concat(fields.flatMap((field) => [lengthOf(field), field]));
  return JOIN_STRING_PREFIX + Buffer.concat([body, checksumOf(body)]).toString('base64url');
}

/** Reads a join string; white space that a terminal put in is ignored. Throws JOIN_FORMAT or JOIN_CHECKSUM. */
export function decodeJoinString(text: string): JoinInvitation {
  const compact = text.slice(0, MAX_JOIN_STRING_CHARACTERS + 1).replace(/\s+/g, '');
  if (!compact.startsWith(JOIN_STRING_PREFIX)) {
    throw refusal('JOIN_FORMAT', `it does not begin with "${JOIN_STRING_PREFIX}"; the whole line is wanted`);
  }
  const encoded = compact.slice(JOIN_STRING_PREFIX.length);
  if (text.length > MAX_JOIN_STRING_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(encoded)) {
    throw refusal('JOIN_FORMAT', 'it holds characters that do not belong there; the line as it was printed is wanted');
  }
  const bytes = Buffer.from(encoded, 'base64url');
  const body = bytes.subarray(0, Math.max(0, bytes.byteLength - CHECKSUM_BYTES));
  // A last character with unused bits decodes to the same bytes, so the text itself is compared as well.
  if (!checksumOf(body).equals(bytes.subarray(body.byteLength)) || bytes.toString('base64url') !== encoded) {
    throw refusal(
      'JOIN_CHECKSUM',
      'its checksum does not fit, so it was cut or edited; the line as it was printed is wanted',
    );
  }
  return readFields(splitFields(body));
}

function lengthOf(field: Uint8Array): Uint8Array {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(field.byteLength);
  return length;
}

function checksumOf(body: Uint8Array): Buffer {
  return createHash('sha256').update(JOIN_STRING_PREFIX).update(body).digest().subarray(0, CHECKSUM_BYTES);
}

function splitFields(body: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset + LENGTH_BYTES <= body.byteLength) {
    const start = offset + LENGTH_BYTES;
    offset = start + body.readUInt16BE(offset);
    fields.push(body.subarray(start, offset));
  }
  if (offset !== body.byteLength || fields.length !== FIELDS) {
    throw refusal('JOIN_FORMAT', `it has ${fields.length} fields; ${FIELDS} are wanted`);
  }
  return fields;
}

function readFields(fields: readonly Buffer[]): JoinInvitation {
  const field = (index: number) => fields[index] ?? Buffer.alloc(0);
  const invitation = {
    fleetId: field(0).toString('utf8'),
    fleetName: field(1).toString('utf8'),
    addresses: field(2).toString('utf8').split(' ').filter(Boolean),
    caCertificate: field(3),
    rootKey: field(4),
    tokenId: field(5).toString('utf8'),
    tokenSecret: field(6),
    host: field(7).toString('utf8'),
    expiresAtMs: Number(field(8).toString('utf8')),
  };
  const whole = invitation.addresses.length > 0 && Number.isSafeInteger(invitation.expiresAtMs);
  if (!whole || invitation.tokenSecret.byteLength !== SECRET_BYTES) {
    throw refusal('JOIN_FORMAT', 'a field has no sense; a line printed by "mooring invite" is wanted');
  }
  return invitation;
}

function refusal(code: ErrorCode, what: string): MooringError {
  return new MooringError(code, `Cannot read join string: ${what}`, {
    hint: 'Copy the whole line again, or make a new one with "mooring invite HOST".',
  });
}
