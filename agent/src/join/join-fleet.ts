import { createHash } from 'node:crypto';
import { decodeJoinString, type JoinInvitation, type JoinResponse, MooringError } from '@mooring/proto';
import { checkCertificate } from './certificate.ts';
import { type HostKey, makeHostKey } from './host-key.ts';
import type { Identity } from './identity.ts';
import { hasIdentity, loadIdentity, prepareFolder, writeIdentity } from './identity-folder.ts';
import { sendJoin } from './join-grpc.ts';
import { machineId } from './machine-id.ts';
import { newNkeySeed, signWithNkey } from './nkey.ts';
import { certificatePem } from './pem.ts';
import { verifyTrust } from './trust.ts';

/** How to join. */
export interface JoinOptions {
  readonly joinString: string;
  /** The agent's folder. */
  readonly data: string;
  readonly agentVersion: string;
  /** True: take a new identity for the same host of the same fleet. */
  readonly replace?: boolean | undefined;
}

/** Bytes of a data key. */
const DATA_KEY_BYTES = 32;

/**
 * Joins the fleet that a join string invites to: makes the host's keys here, trades the token for an identity, checks everything that comes back
 * against what the string pins, and only then puts it on disk, whole. Throws JOIN_*, TOKEN_*, ALREADY_JOINED, HUB_UNREACHABLE, CERT_* or TRUST_*.
 */
export async function joinFleet({ joinString, data, agentVersion, replace }: JoinOptions): Promise<Identity> {
  const invitation = decodeJoinString(joinString);
  prepareFolder(data);
  checkNotJoined(data, invitation, replace ?? false);
  const hostKey = await makeHostKey();
  const nkeySeed = newNkeySeed();
  const { nkey, signature } = signWithNkey(nkeySeed, createHash('sha256').update(hostKey.csr).digest());
  const response = await sendJoin(invitation.addresses, certificatePem(invitation.caCertificate), {
    tokenId: invitation.tokenId,
    tokenSecret: Buffer.from(invitation.tokenSecret),
    csr: Buffer.from(hostKey.csr),
    nkey,
    nkeySignature: Buffer.from(signature),
    machineId: machineId(),
    agentVersion,
  });
  const identity = identityOf(invitation, response, { hostKey, nkeySeed });
  writeIdentity(data, identity);
  return loadIdentity(data);
}

function checkNotJoined(data: string, { fleetId, host }: JoinInvitation, replace: boolean): void {
  if (!hasIdentity(data)) return;
  const present = presentIdentity(data, replace);
  if (present === undefined) return;
  if (present.fleetId !== fleetId) {
    throw new MooringError(
      'JOIN_FLEET',
      `Cannot join fleet ${fleetId}: this host is in fleet ${present.fleetId}; a host leaves one fleet before it joins another`,
      {
        hint: 'Run first: mooring-agent leave',
      },
    );
  }
  if (replace && present.host === host) return;
  throw new MooringError(
    'ALREADY_JOINED',
    `Cannot join as ${host}: this host is in the fleet as ${present.host}; a host that has not joined is wanted`,
    {
      hint: `For a new identity of ${present.host}: mooring invite ${present.host} --replace, then mooring-agent join --replace STRING`,
    },
  );
}

/** Undefined: the identity on disk is damaged, and the caller wants a new one anyway. */
function presentIdentity(data: string, replace: boolean): Identity | undefined {
  try {
    return loadIdentity(data);
  } catch (error) {
    if (replace && error instanceof MooringError) return undefined;
    throw error;
  }
}

function identityOf(
  invitation: JoinInvitation,
  response: JoinResponse,
  own: { readonly hostKey: HostKey; readonly nkeySeed: string },
): Identity {
  const { fleetId, host, rootKey, caCertificate } = invitation;
  const [leaf] = response.certificates;
  if (response.host !== host || leaf === undefined || response.dataKey.byteLength !== DATA_KEY_BYTES) {
    throw new MooringError(
      'JOIN_REFUSED',
      `Cannot join as ${host}: the hub's answer is not whole; an identity of ${host} is wanted`,
    );
  }
  // Another fleet's answer is called that, rather than a certificate that names somebody else.
  const trust = verifyTrust(response.trust, { rootKey, fleetId });
  const certificate = checkCertificate(leaf, { fleetId, host, key: own.hostKey.key, authority: caCertificate });
  if (!trust.caCertificates.some((authority) => Buffer.from(authority).equals(caCertificate))) {
    throw new MooringError(
      'TRUST_FORMAT',
      'Cannot trust file: it does not name the authority of the join string; that one is wanted',
    );
  }
  return {
    fleetId,
    host,
    identityId: response.identityId,
    tls: {
      key: own.hostKey.pem,
      cert: response.certificates.map(certificatePem).join(''),
      ca: certificatePem(caCertificate),
    },
    certificate: { startsAtMs: certificate.validFromDate.getTime(), endsAtMs: certificate.validToDate.getTime() },
    nkeySeed: own.nkeySeed,
    dataKey: response.dataKey,
    rootKey,
    trust,
    hubAddresses: response.hubAddresses,
    natsUrls: response.natsUrls,
  };
}
