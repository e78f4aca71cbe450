import { createPrivateKey, X509Certificate } from 'node:crypto';
import { MooringError } from '@mooring/proto';

/**
 * Checks one's own certificate as the hub will: present, readable, valid now, fitting its key, issued by the fleet's authority, for clients. Throws
 * CERT_MISSING, CERT_FORMAT, CERT_NOT_YET_VALID, CERT_EXPIRED or CERT_MISMATCH.
 */
export function checkClientCertificate(
  texts: { readonly ca: string; readonly cert: string; readonly key: string },
  nowMs: number,
): void {
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (texts[name].trim() !== '') continue;
    throw refusal('CERT_MISSING', `its ${WORDS[name]} is missing; all three parts are wanted`);
  }
  const authority = read(texts.ca, 'ca');
  const certificate = read(texts.cert, 'cert');
  if (nowMs < certificate.validFromDate.getTime()) {
    throw refusal(
      'CERT_NOT_YET_VALID',
      `it begins at ${certificate.validFromDate.toISOString()} and this machine's clock says ${new Date(nowMs).toISOString()}; a right clock is wanted`,
    );
  }
  if (nowMs > certificate.validToDate.getTime()) {
    throw refusal('CERT_EXPIRED', `it ended at ${certificate.validToDate.toISOString()}; a new one is wanted`);
  }
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    throw refusal('CERT_MISMATCH', 'it was issued by another authority; one of this fleet is wanted');
  }
  if (!certificate.checkPrivateKey(readKey(texts.key))) {
    throw refusal('CERT_MISMATCH', 'its private key is another one; the key that it was made for is wanted');
  }
  if (certificate.ca || certificate.keyUsage?.includes(CLIENT_AUTH) === false) {
    throw refusal('CERT_MISMATCH', 'it is not for clients; a certificate of "mooring user add" is wanted');
  }
}

/** Extended key usage clientAuth (RFC 5280, 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const WORDS = { ca: 'certificate authority', cert: 'certificate', key: 'private key' } as const;

function read(pem: string, part: 'ca' | 'cert'): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw refusal('CERT_FORMAT', `its ${WORDS[part]} is not X.509; PEM is wanted`, cause);
  }
}

function readKey(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw refusal('CERT_FORMAT', 'its private key cannot be read; unencrypted PEM is wanted', cause);
  }
}

function refusal(
  code: 'CERT_MISSING' | 'CERT_FORMAT' | 'CERT_EXPIRED' | 'CERT_NOT_YET_VALID' | 'CERT_MISMATCH',
  what: string,
  cause?: unknown,
): MooringError {
  return new MooringError(code, `Cannot use certificate: ${what}`, {
    hint: 'Ask an admin: mooring user add NAME --role viewer',
    cause,
  });
}
