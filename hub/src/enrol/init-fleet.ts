import { generateKeyPairSync, type KeyObject, randomBytes, randomUUIDv7 } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { HOST_NAME_GRAMMAR, isHostName, MooringError } from '@mooring/proto';
import { type Fleet, type FleetPorts, SECRET_BYTES } from './fleet.ts';
import { fleetPaths } from './fleet-paths.ts';
import { FOLDER_MODE, PUBLIC_MODE, SECRET_MODE, syncFolder, writeNewFile } from './key-files.ts';
import { newNkeySeed } from './nkey.ts';
import { openFleet } from './open-fleet.ts';
import { issueServerCertificate } from './server-certificate.ts';
import { firstTrustFile } from './trust-file.ts';
import { issueAuthority, parseCertificate } from './x509.ts';

/** Days that the certificate authority is valid. */
const AUTHORITY_DAYS = 3650;
/** Mode of fleet.json and trust.json: a change of addresses or keys writes them again. */
export const DOCUMENT_MODE = 0o600;
/** Highest port. 0 is allowed: whoever listens then tells the real one. */
const MAX_PORT = 65_535;

/** What a new fleet is made from. */
export interface NewFleet {
  /** Folder that will hold it; must not exist, or be empty. */
  readonly data: string;
  readonly name: string;
  /** Names and IP addresses by which hosts reach the hub, the best first. */
  readonly addresses: readonly string[];
  readonly ports: FleetPorts;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/**
 * Makes a fleet: id, root key, certificate authority, hub certificate, assignment key, secrets, trust file. All or nothing: the folder is
 * made beside its place and renamed. Throws FLEET_EXISTS, NAME_INVALID or INVALID_ARGUMENT.
 */
export async function initFleet(wanted: NewFleet): Promise<Fleet> {
  const data = resolve(wanted.data);
  checkWanted(wanted);
  checkPlace(data);
  mkdirSync(dirname(data), { recursive: true });
  const draft = mkdtempSync(join(dirname(data), `.${basename(data)}.init-`));
  try {
    await writeFleet(draft, wanted);
    checkPlace(data);
    renameSync(draft, data);
    syncFolder(dirname(data));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
  return openFleet({ data, clock: wanted.clock });
}

function checkWanted({ name, addresses, ports }: NewFleet): void {
  if (!isHostName(name)) {
    throw new MooringError(
      'NAME_INVALID',
      `Cannot make fleet "${name}": its name is no label; ${HOST_NAME_GRAMMAR} is wanted`,
    );
  }
  const bad = addresses.find(
    (address) => isIP(address) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(address),
  );
  if (addresses.length === 0 || bad !== undefined) {
    const what = bad === undefined ? 'it has no address' : `"${bad}" is no address`;
    throw new MooringError(
      'INVALID_ARGUMENT',
      `Cannot make fleet "${name}": ${what}; a DNS name or IP address without port is wanted`,
    );
  }
  for (const [key, port] of Object.entries(ports)) {
    if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) continue;
    throw new MooringError(
      'INVALID_ARGUMENT',
      `Cannot make fleet "${name}": port ${port} (${key}) does not exist; 0 to ${MAX_PORT} is wanted`,
    );
  }
}

/** Refuses a place that holds anything. Throws FLEET_EXISTS. */
export function checkPlace(data: string): void {
  if (existsSync(fleetPaths(data).fleet)) {
    throw new MooringError('FLEET_EXISTS', `Cannot make fleet in ${data}: a fleet is there; an empty place is wanted`, {
      hint: 'Keys are never overwritten: choose another folder, or remove that one yourself.',
    });
  }
  if (existsSync(data) && readdirSync(data).length > 0) {
    throw new MooringError(
      'FLEET_EXISTS',
      `Cannot make fleet in ${data}: the folder holds other files; an empty place is wanted`,
    );
  }
}

async function writeFleet(folder: string, { name, addresses, ports, clock }: NewFleet): Promise<void> {
  const paths = fleetPaths(folder);
  const nowMs = clock();
  const fleetId = randomUUIDv7();
  const [rootKey, assignmentKey] = [newSigningKey(), newSigningKey()];
  const [caKey, hubKey] = [newTlsKey(), newTlsKey()];
  const caCertificatePem = await issueAuthority(name, caKey, { notBeforeMs: nowMs, days: AUTHORITY_DAYS });
  const hubCertificatePem = await issueServerCertificate({ certificatePem: caCertificatePem, key: caKey }, hubKey, {
    fleetId,
    addresses,
    nowMs,
  });
  const caCertificateDer = parseCertificate(caCertificatePem).raw;
  const trust = firstTrustFile({ fleetId, rootKey, assignmentKey, caCertificateDer, issuedAtMs: nowMs });

  mkdirSync(paths.keys, { mode: FOLDER_MODE });
  writeNewFile(paths.rootKey, keyPem(rootKey), SECRET_MODE);
  writeNewFile(paths.caKey, keyPem(caKey), SECRET_MODE);
  writeNewFile(paths.caCertificate, caCertificatePem, PUBLIC_MODE);
  writeNewFile(paths.hubKey, keyPem(hubKey), SECRET_MODE);
  writeNewFile(paths.hubCertificate, hubCertificatePem, PUBLIC_MODE);
  writeNewFile(paths.assignmentKey, keyPem(assignmentKey), SECRET_MODE);
  writeNewFile(paths.objectSecret, randomBytes(SECRET_BYTES), SECRET_MODE);
  writeNewFile(paths.dataSecret, randomBytes(SECRET_BYTES), SECRET_MODE);
  writeNewFile(paths.hubNkey, newNkeySeed(), SECRET_MODE);
  writeNewFile(paths.trust, trust, DOCUMENT_MODE);
  const document = { version: 1, id: fleetId, name, addresses, ports };
  writeNewFile(paths.fleet, `${JSON.stringify(document, null, 2)}\n`, DOCUMENT_MODE);
  syncFolder(paths.keys);
  syncFolder(folder);
}

function newSigningKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

function newTlsKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function keyPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}
