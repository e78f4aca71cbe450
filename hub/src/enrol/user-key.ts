import { generateKeyPairSync } from 'node:crypto';
import { requestCertificate } from './x509.ts';

/** Makes a person's private key (PKCS #8, PEM) and the request for its certificate (PKCS #10, DER). The key never leaves its maker. */
export async function makeUserKey(): Promise<{ readonly key: string; readonly csr: Buffer }> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const csr = await requestCertificate(privateKey);
  return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), csr: Buffer.from(csr) };
}
