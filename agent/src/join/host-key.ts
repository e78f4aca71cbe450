import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A key that was just made on this host, and the request for its certificate. */
export interface HostKey {
  readonly key: KeyObject;
  /** PKCS #8. */
  readonly pem: string;
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
}

/** Makes a P-256 key; the private part never leaves this host. */
export async function makeHostKey(): Promise<HostKey> {
  const { requestCertificate } = await import('./x509.ts');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { key: privateKey, pem, csr: await requestCertificate(privateKey) };
}
