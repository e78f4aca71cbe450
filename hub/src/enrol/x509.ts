import { createPublicKey, type KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { MAX_CSR_BYTES, MooringError } from '@mooring/proto';
import type * as Library from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** Milliseconds that a new certificate is valid already, for hosts whose clock is behind. */
const BACKDATE_MS = 5 * 60 * 1000;
/** Bytes of a serial number: unguessable, as the CA/Browser baseline (7.1) wants at least 64 bits. */
const SERIAL_BYTES = 16;

/** Loaded when a certificate is made or asked for, which is seldom: a hub that has nothing to do holds none of it. */
async function library(): Promise<typeof Library> {
  const { x509 } = await import('./peculiar.ts');
  return x509;
}

/** What a certificate says. */
export interface CertificateTemplate {
  /** Common name; for people only, nothing reads it. */
  readonly commonName: string;
  /** The SPIFFE id. */
  readonly uri: string;
  /** DNS names and IP addresses, for servers. */
  readonly addresses?: readonly string[] | undefined;
  readonly usage: 'client' | 'server';
  readonly notBeforeMs: number;
  readonly days: number;
}

/** Who signs. */
export interface Authority {
  readonly certificatePem: string;
  readonly key: KeyObject;
}

/** Makes the fleet's certificate authority for a P-256 key: it may sign leaves only. Returns PEM. */
export async function issueAuthority(
  name: string,
  key: KeyObject,
  validity: { readonly notBeforeMs: number; readonly days: number },
): Promise<string> {
  const x509 = await library();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: commonName(`Mooring fleet ${name}`),
    ...datesOf(validity),
    signingAlgorithm: SIGNING,
    keys: { privateKey: await signingKey(key), publicKey: await verifyingKey(key) },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(await verifyingKey(key)),
    ],
  });
  return certificate.toString('pem');
}

/** Issues a leaf for a P-256 public key, DER SubjectPublicKeyInfo. Returns DER. */
export async function issueCertificate(
  authority: Authority,
  publicKey: Uint8Array,
  template: CertificateTemplate,
): Promise<Uint8Array> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const subjectKey = await webcrypto.subtle.importKey('spki', Buffer.from(publicKey), ECDSA, true, ['verify']);
  const names: Library.JsonGeneralName[] = [{ type: 'url', value: template.uri }];
  for (const address of template.addresses ?? []) {
    names.push(isIP(address) === 0 ? { type: 'dns', value: address } : { type: 'ip', value: address });
  }
  const purpose = template.usage === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: commonName(template.commonName),
    issuer: issuer.subjectName,
    ...datesOf(template),
    signingAlgorithm: SIGNING,
    publicKey: subjectKey,
    signingKey: await signingKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([purpose]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(subjectKey),
    ],
  });
  return new Uint8Array(certificate.rawData);
}

/**
 * Reads a PKCS #10 request and returns its public key, DER SubjectPublicKeyInfo. Only the key is taken: names and extensions in it are
 * ignored. Throws CSR_TOO_LARGE, CSR_FORMAT, CSR_KEY or CSR_SIGNATURE.
 */
export async function readRequest(csr: Uint8Array): Promise<Uint8Array> {
  if (csr.byteLength > MAX_CSR_BYTES) {
    throw refusal('CSR_TOO_LARGE', `it has ${csr.byteLength} bytes; at most ${MAX_CSR_BYTES} are read`);
  }
  const x509 = await library();
  let request: Library.Pkcs10CertificateRequest;
  let publicKey: Uint8Array;
  try {
    request = new x509.Pkcs10CertificateRequest(Buffer.from(csr));
    publicKey = new Uint8Array(request.publicKey.rawData);
  } catch (cause) {
    throw refusal('CSR_FORMAT', 'it is not PKCS #10 in DER; a certificate request is wanted', cause);
  }
  if (!isP256(request)) throw refusal('CSR_KEY', 'its key is of another kind; ECDSA on P-256 is wanted');
  if (!(await verifies(request))) {
    throw refusal('CSR_SIGNATURE', 'it is not signed by its own key; proof of possession is wanted');
  }
  return publicKey;
}

/** Makes a PKCS #10 request for a P-256 key, without names: whoever issues decides on them. Returns DER. */
export async function requestCertificate(key: KeyObject): Promise<Uint8Array> {
  const x509 = await library();
  const keys = { privateKey: await signingKey(key), publicKey: await verifyingKey(key) };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: SIGNING });
  return new Uint8Array(request.rawData);
}

/** The one certificate in PEM or DER. Throws CERT_FORMAT. */
export function parseCertificate(bytes: Uint8Array | string): X509Certificate {
  try {
    return new X509Certificate(typeof bytes === 'string' ? bytes : Buffer.from(bytes));
  } catch (cause) {
    throw new MooringError('CERT_FORMAT', 'Cannot read certificate: it is not X.509; PEM or DER is wanted', { cause });
  }
}

function isP256(request: Library.Pkcs10CertificateRequest): boolean {
  try {
    const algorithm: { name?: string; namedCurve?: string } = request.publicKey.algorithm;
    return algorithm.name === ECDSA.name && algorithm.namedCurve === ECDSA.namedCurve;
  } catch {
    // The library throws for algorithms that it does not know: another kind of key, too.
    return false;
  }
}

async function verifies(request: Library.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    // A signature that cannot even be read is no signature.
    return false;
  }
}

function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
}

function verifyingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return webcrypto.subtle.importKey('spki', der, ECDSA, true, ['verify']);
}

function datesOf(validity: { readonly notBeforeMs: number; readonly days: number }): {
  notBefore: Date;
  notAfter: Date;
} {
  return {
    notBefore: new Date(validity.notBeforeMs - BACKDATE_MS),
    notAfter: new Date(validity.notBeforeMs + validity.days * 24 * 60 * 60 * 1000),
  };
}

function commonName(name: string): Library.JsonName {
  return [{ CN: [name] }];
}

function randomSerial(): string {
  const serial = randomBytes(SERIAL_BYTES);
  // Positive and without leading zeros, whatever was drawn.
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return serial.toString('hex');
}

function refusal(
  code: 'CSR_TOO_LARGE' | 'CSR_FORMAT' | 'CSR_KEY' | 'CSR_SIGNATURE',
  what: string,
  cause?: unknown,
): MooringError {
  return new MooringError(code, `Cannot accept certificate request: ${what}`, { cause });
}
