import { createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { checkCertificate } from './certificate.ts';
import type { Identity } from './identity.ts';
import { checkPrivate, FOLDER_MODE, readPrivateFile, replaceFile, syncFolder, writeNewFile } from './private-files.ts';
import { verifyTrust } from './trust.ts';

const FILES = {
  key: 'tls.key',
  certificate: 'tls.crt',
  authority: 'ca.crt',
  nkey: 'nats.nk',
  dataKey: 'data.key',
  document: 'identity.json',
} as const;
/** The folder, and where the old one stands while a new one takes its place. */
const FOLDER = 'identity';
const PREVIOUS = 'identity.previous';
/** Bytes of a data key. */
const DATA_KEY_BYTES = 32;

/** True when the host has joined a fleet. */
export function hasIdentity(data: string): boolean {
  return existsSync(join(data, FOLDER)) || existsSync(join(data, PREVIOUS));
}

/** Makes the agent's folder where there is none, and makes sure that it is private and can be written: before a token is used up. */
export function prepareFolder(data: string): void {
  mkdirSync(data, { recursive: true, mode: FOLDER_MODE });
  checkPrivate(data);
  rmSync(mkdtempSync(join(data, '.identity-')), { recursive: true });
}

/** Puts an identity on disk: all of it, or nothing. One that is there is replaced by a rename, and comes back when that is interrupted. */
export function writeIdentity(data: string, identity: Identity): void {
  recover(data);
  const draft = mkdtempSync(join(data, '.identity-'));
  try {
    writeFiles(draft, identity);
    replaceFile(join(data, 'trust.json'), identity.trust.envelope);
    const place = join(data, FOLDER);
    const previous = join(data, PREVIOUS);
    if (existsSync(place)) renameSync(place, previous);
    renameSync(draft, place);
    syncFolder(data);
    rmSync(previous, { recursive: true, force: true });
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    recover(data);
    throw error;
  }
}

/**
 * Reads and checks the host's identity: modes, that key and certificate belong together, and that the root key signed the trust file. An expired
 * certificate is no failure here (`certificateProblem`). Throws NOT_JOINED, KEY_PERMISSIONS, STATE_CORRUPT, CERT_* or TRUST_*.
 */
export function loadIdentity(data: string): Identity {
  recover(data);
  const folder = join(data, FOLDER);
  if (!existsSync(folder)) {
    throw new MooringError(
      'NOT_JOINED',
      `Cannot load identity from ${data}: this host has joined no fleet; a join is wanted`,
      {
        hint: 'Run on the hub: mooring invite HOST, and here: mooring-agent join STRING',
      },
    );
  }
  checkPrivate(data);
  checkPrivate(folder);
  const read = (name: keyof typeof FILES) => readPrivateFile(join(folder, FILES[name]));
  const document = readDocument(join(folder, FILES.document), read('document'));
  const tls = { key: read('key').toString(), cert: read('certificate').toString(), ca: read('authority').toString() };
  const key = readKey(join(folder, FILES.key), tls.key);
  const certificate = checkCertificate(tls.cert, { ...document, key, authority: tls.ca });
  const dataKey = new Uint8Array(read('dataKey'));
  if (dataKey.byteLength !== DATA_KEY_BYTES)
    throw corrupt(join(folder, FILES.dataKey), `it has ${dataKey.byteLength} bytes`);
  return {
    ...document,
    tls,
    certificate: { startsAtMs: certificate.validFromDate.getTime(), endsAtMs: certificate.validToDate.getTime() },
    nkeySeed: read('nkey').toString().trim(),
    dataKey,
    trust: verifyTrust(readPrivateFile(join(data, 'trust.json')), document),
  };
}

/** Takes the identity off the disk, when the host leaves its fleet. */
export function removeIdentity(data: string): void {
  for (const name of [FOLDER, PREVIOUS, 'trust.json']) rmSync(join(data, name), { recursive: true, force: true });
}

function writeFiles(folder: string, identity: Identity): void {
  const { fleetId, host, identityId, hubAddresses, natsUrls } = identity;
  const rootKey = Buffer.from(identity.rootKey).toString('base64');
  const document = { version: 1, fleetId, host, identityId, rootKey, hubAddresses, natsUrls };
  writeNewFile(join(folder, FILES.key), identity.tls.key);
  writeNewFile(join(folder, FILES.certificate), identity.tls.cert);
  writeNewFile(join(folder, FILES.authority), identity.tls.ca);
  writeNewFile(join(folder, FILES.nkey), identity.nkeySeed);
  writeNewFile(join(folder, FILES.dataKey), identity.dataKey);
  writeNewFile(join(folder, FILES.document), `${JSON.stringify(document, undefined, 2)}\n`);
  syncFolder(folder);
}

/** Between two renames a crash leaves only the old folder, under its other name. */
function recover(data: string): void {
  const [place, previous] = [join(data, FOLDER), join(data, PREVIOUS)];
  if (!existsSync(previous)) return;
  if (existsSync(place)) rmSync(previous, { recursive: true, force: true });
  else renameSync(previous, place);
}

type Document = Pick<Identity, 'fleetId' | 'host' | 'identityId' | 'rootKey' | 'hubAddresses' | 'natsUrls'>;

function readDocument(file: string, bytes: Buffer): Document {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw corrupt(file, 'it is not JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null) throw corrupt(file, 'it is no object');
  // The one cast: every field is checked before use.
  const fields = parsed as Record<string, unknown>;
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') return value;
    throw corrupt(file, `${name} is missing`);
  };
  const texts = (name: string): readonly string[] => {
    const value = fields[name];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    throw corrupt(file, `${name} is missing`);
  };
  return {
    fleetId: text('fleetId'),
    host: text('host'),
    identityId: text('identityId'),
    rootKey: Buffer.from(text('rootKey'), 'base64'),
    hubAddresses: texts('hubAddresses'),
    natsUrls: texts('natsUrls'),
  };
}

function readKey(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw corrupt(file, 'it holds no key', cause);
  }
}

function corrupt(file: string, what: string, cause?: unknown): MooringError {
  return new MooringError(
    'STATE_CORRUPT',
    `Cannot load identity: ${what}; the files as the join wrote them are wanted`,
    {
      place: { file },
      hint: 'Join again with a new invitation (mooring invite HOST --replace).',
      cause,
    },
  );
}
