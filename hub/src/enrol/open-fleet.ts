import { createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { keyIdOf, MooringError } from '@mooring/proto';
import * as z from 'zod';
import type { Fleet } from './fleet.ts';
import { type FleetPaths, fleetPaths } from './fleet-paths.ts';
import {
  checkFolder,
  PUBLIC_MODE,
  readPublicFile,
  readSecretFile,
  SECRET_MODE,
  syncFolder,
  writeNewFile,
} from './key-files.ts';
import { issueServerCertificate, needsRenewal } from './server-certificate.ts';
import { readTrustFile } from './trust-file.ts';
import { parseCertificate } from './x509.ts';

const PORT = z.int().min(0).max(65_535);
const FLEET_DOCUMENT = z.strictObject({
  version: z.literal(1),
  id: z.uuid(),
  name: z.string(),
  addresses: z.array(z.string()).min(1),
  ports: z.strictObject({ grpc: PORT, join: PORT, nats: PORT }),
});

/**
 * Opens the fleet in a folder: reads every key, checks modes and that keys, certificates and trust file belong together, and renews the
 * hub's own certificate where it ends within 30 days or lacks an address. Throws FLEET_MISSING, KEY_PERMISSIONS, STATE_CORRUPT,
 * CERT_MISMATCH, FLEET_MISMATCH or TRUST_*.
 */
export async function openFleet(options: { readonly data: string; readonly clock: () => number }): Promise<Fleet> {
  const paths = fleetPaths(options.data);
  if (!existsSync(paths.fleet)) {
    throw new MooringError(
      'FLEET_MISSING',
      `Cannot open fleet in ${options.data}: there is none; a fleet made by "mooring init" is wanted`,
      {
        hint: 'Run: mooring init',
      },
    );
  }
  checkFolder(paths.folder);
  checkFolder(paths.keys);
  const document = readDocument(paths.fleet);
  const caKey = readKey(paths.caKey);
  const caCertificatePem = readPublicFile(paths.caCertificate).toString('utf8');
  const caCertificate = parseCertificate(caCertificatePem);
  if (!caCertificate.checkPrivateKey(caKey)) throw mismatch(paths.caKey, 'ca.crt');
  const trustEnvelope = readSecretFile(paths.trust);
  const trust = readTrustFile(trustEnvelope);
  const assignmentKey = readKey(paths.assignmentKey);
  const rootKey = trust.rootKeys[0];
  const named = trust.assignmentKeys.some(({ keyId }) => keyId === keyIdOf(assignmentKey));
  if (trust.fleetId !== document.id || !named || rootKey === undefined) {
    throw new MooringError(
      'FLEET_MISMATCH',
      `Cannot open fleet in ${options.data}: its trust file is of other keys; files of one fleet are wanted`,
      {
        place: { file: paths.trust },
        hint: 'Restore the folder from a backup.',
      },
    );
  }
  keepBesideKeys(paths);
  return {
    id: document.id,
    name: document.name,
    addresses: document.addresses,
    ports: document.ports,
    caCertificatePem,
    caCertificateDer: caCertificate.raw,
    caKey,
    rootKeySpki: rootKey.spki,
    ...(await currentServerCertificate(options.data, {
      id: document.id,
      caCertificatePem,
      caKey,
      addresses: document.addresses,
      nowMs: options.clock(),
    })),
    assignmentKey,
    objectSecret: readSecretFile(paths.objectSecret),
    dataSecret: readSecretFile(paths.dataSecret),
    hubNkeySeed: readSecretFile(paths.hubNkey).toString('utf8').trim(),
    trustEnvelope,
  };
}

/** Writes the copies of both documents beside the keys where they are missing or older. */
function keepBesideKeys({ keys, fleet, keptFleet, trust, keptTrust }: FleetPaths): void {
  for (const [document, kept] of [
    [fleet, keptFleet],
    [trust, keptTrust],
  ] as const) {
    const content = readFileSync(document);
    if (existsSync(kept) && readFileSync(kept).equals(content)) continue;
    const draft = `${kept}.new`;
    rmSync(draft, { force: true });
    writeNewFile(draft, content, SECRET_MODE);
    renameSync(draft, kept);
    syncFolder(keys);
  }
}

function readDocument(path: string): z.infer<typeof FLEET_DOCUMENT> {
  try {
    return FLEET_DOCUMENT.parse(JSON.parse(readPublicFile(path).toString('utf8')));
  } catch (cause) {
    if (cause instanceof MooringError) throw cause;
    throw new MooringError(
      'STATE_CORRUPT',
      'Cannot read fleet.json: it is not as Mooring wrote it; id, name, addresses and ports are wanted',
      {
        place: { file: path },
        hint: 'Restore the folder from a backup.',
        cause,
      },
    );
  }
}

function readKey(path: string): KeyObject {
  const pem = readSecretFile(path);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new MooringError('STATE_CORRUPT', 'Cannot read key: the file holds none; PKCS #8 in PEM is wanted', {
      place: { file: path },
      hint: 'Restore the folder from a backup.',
      cause,
    });
  }
}

/**
 * The hub's own certificate as it stands in the folder, or a new one in its place where that ends soon. Throws STATE_CORRUPT for what cannot be read, and
 * CERT_MISMATCH for one that is not for the key beside it, or not of the fleet's authority, which alone the agents trust.
 */
export async function currentServerCertificate(
  data: string,
  parts: Pick<Fleet, 'id' | 'caCertificatePem' | 'caKey' | 'addresses'> & { readonly nowMs: number },
): Promise<Pick<Fleet, 'serverCertificatePem' | 'serverKeyPem'>> {
  const paths = fleetPaths(data);
  const key = readKey(paths.hubKey);
  const serverKeyPem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
  const present = readPublicFile(paths.hubCertificate).toString('utf8');
  const certificate = parseCertificate(present);
  if (!certificate.checkPrivateKey(key)) throw mismatch(paths.hubKey, 'hub.crt');
  const authority = parseCertificate(parts.caCertificatePem);
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) throw foreign(paths);
  if (!needsRenewal(certificate, parts.addresses, parts.nowMs)) return { serverCertificatePem: present, serverKeyPem };
  const signer = { certificatePem: parts.caCertificatePem, key: parts.caKey };
  const renewed = await issueServerCertificate(signer, key, { ...parts, fleetId: parts.id });
  const draft = `${paths.hubCertificate}.new`;
  // Left over from a renewal that was interrupted.
  rmSync(draft, { force: true });
  writeNewFile(draft, renewed, PUBLIC_MODE);
  renameSync(draft, paths.hubCertificate);
  syncFolder(paths.keys);
  return { serverCertificatePem: renewed, serverKeyPem };
}

function foreign({ hubCertificate }: FleetPaths): MooringError {
  return new MooringError(
    'CERT_MISMATCH',
    "Cannot use hub.crt: somebody else issued it; one of the fleet's own authority is wanted",
    { place: { file: hubCertificate }, hint: 'Restore the folder from a backup.' },
  );
}

function mismatch(key: string, certificate: string): MooringError {
  return new MooringError(
    'CERT_MISMATCH',
    `Cannot use ${certificate}: its key is another one; the pair as it was made is wanted`,
    {
      place: { file: key },
      hint: 'Restore the folder from a backup.',
    },
  );
}
