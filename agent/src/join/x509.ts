// The library registers its parts through reflect-metadata, which must be there first.
import 'reflect-metadata';
import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/**
 * Makes a PKCS #10 request for a P-256 key, without names: the hub decides on them. Returns DER. This file is loaded only when a host joins or
 * renews: an agent that runs never pays for it.
 */
export async function requestCertificate(key: KeyObject): Promise<Uint8Array> {
  const { subtle } = webcrypto;
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: {
      privateKey: await subtle.importKey('pkcs8', pkcs8, ECDSA, false, ['sign']),
      publicKey: await subtle.importKey('spki', spki, ECDSA, true, ['verify']),
    },
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return new Uint8Array(request.rawData);
}
