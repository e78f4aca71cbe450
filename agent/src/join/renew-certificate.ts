import { MooringError, type RenewCertificateResponse } from '@mooring/proto';
import { checkCertificate } from './certificate.ts';
import { makeHostKey } from './host-key.ts';
import type { Identity, VerifiedTrust } from './identity.ts';
import { loadIdentity, writeIdentity } from './identity-folder.ts';
import { certificatePem } from './pem.ts';
import { verifyTrust } from './trust.ts';

/**
 * Gets a certificate for a new key and puts both on disk together. `ask` is AgentService.RenewCertificate. Whatever is not for this key and host is
 * refused and the old identity stays. Throws CERT_*, TRUST_*, or what `ask` throws.
 */
export async function renewCertificate(
  data: string,
  identity: Identity,
  ask: (csr: Buffer) => Promise<RenewCertificateResponse>,
): Promise<Identity> {
  const { key, pem, csr } = await makeHostKey();
  const response = await ask(Buffer.from(csr));
  const [leaf] = response.certificates;
  if (leaf === undefined) {
    throw new MooringError('CERT_FORMAT', 'Cannot renew certificate: the hub sent none; one for the new key is wanted');
  }
  const certificate = checkCertificate(leaf, { ...identity, key, authority: identity.tls.ca });
  writeIdentity(data, {
    ...identity,
    tls: { ...identity.tls, key: pem, cert: response.certificates.map(certificatePem).join('') },
    certificate: { startsAtMs: certificate.validFromDate.getTime(), endsAtMs: certificate.validToDate.getTime() },
    trust: nextTrust(identity, response.trust),
  });
  return loadIdentity(data);
}

/** The same trust file, or the next one: versions are never skipped and never go back. */
function nextTrust(identity: Identity, envelope: Uint8Array): VerifiedTrust {
  const offered = verifyTrust(envelope, identity);
  const { version } = identity.trust;
  if (offered.version === version) return identity.trust;
  if (offered.version === version + 1n) return offered;
  throw new MooringError(
    'TRUST_FORMAT',
    `Cannot trust file: its version is ${offered.version}; ${version} or ${version + 1n} is wanted`,
  );
}
