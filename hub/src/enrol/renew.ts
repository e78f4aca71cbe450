import { MooringError, type RenewCertificateResponse } from '@mooring/proto';
import { hostUri, issueIdentity } from './identity-certificate.ts';
import { type EnrolmentContext, record } from './parts.ts';
import { readRequest } from './x509.ts';

/**
 * Issues a new certificate for the same host. Its key counts beside the present one until it is first used; from then on only the new one
 * does. Throws HOST_UNKNOWN, AGENT_REVOKED or CSR_*.
 */
export async function renewCertificate(
  context: EnrolmentContext,
  host: string,
  csr: Uint8Array,
): Promise<RenewCertificateResponse> {
  const { fleet, store, clock } = context;
  const publicKey = await readRequest(csr);
  const identity = await issueIdentity(fleet, publicKey, { uri: hostUri(fleet.id, host), nowMs: clock() });
  const present = store.host(host);
  if (present === undefined || present.revokedAtMs !== 0) {
    throw new MooringError(
      'AGENT_REVOKED',
      `Cannot renew certificate of ${host}: the host is no longer in the fleet; an active host is wanted`,
    );
  }
  const sameKey = identity.spkiHash === present.spkiHash;
  await store.updateHost(host, {
    nextSpkiHash: sameKey ? '' : identity.spkiHash,
    certificateEndsAtMs: identity.endsAtMs,
  });
  await record(context, { kind: 'identity.renewed', host, message: `Host ${host} got a new certificate` });
  return { certificates: identity.chain, trust: Buffer.from(fleet.trustEnvelope) };
}
