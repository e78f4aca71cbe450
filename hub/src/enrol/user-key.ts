// The library registers its parts through reflect-metadata, which must be there first.
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A new P-256 key, PKCS #8 PEM, and a certificate request for it, PKCS #10 DER. The key stays with whoever made it. */
export async function makeUserKey(): Promise<{ key: string; csr: Buffer }> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=user',
    keys,
    signingAlgorithm: SIGNING,
  });
  const key = KeyObject.from(keys.privateKey).export({ format: 'pem', type: 'pkcs8' }).toString();
  return { key, csr: Buffer.from(request.rawData) };
}
