import { type KeyObject, X509Certificate } from 'node:crypto';
import { MooringError } from '@mooring/proto';
import { hostUri, type Identity } from './identity.ts';

/** Share of a certificate's life after which it is renewed. */
const RENEW_AFTER = 2 / 3;
/** Share of a certificate's life by which renewals are spread, so that hosts that joined together do not renew together. */
const RENEW_SPREAD = 1 / 10;

/** What a certificate must be. */
export interface WantedCertificate {
  readonly fleetId: string;
  readonly host: string;
  /** Private key that it must fit. */
  readonly key: KeyObject;
  /** Authority that must have issued it, PEM or DER. */
  readonly authority: string | Uint8Array;
}

/** Checks that a certificate is this host's own. Dates are not looked at: see `certificateProblem`. Throws CERT_FORMAT or CERT_MISMATCH. */
export function checkCertificate(bytes: string | Uint8Array, wanted: WantedCertificate): X509Certificate {
  const certificate = parseCertificate(bytes);
  const authority = parseCertificate(wanted.authority);
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    throw mismatch("it was issued by somebody else; one of the fleet's authority is wanted");
  }
  if (!certificate.checkPrivateKey(wanted.key)) throw mismatch('it is for another key; the key of this host is wanted');
  const uri = hostUri(wanted.fleetId, wanted.host);
  if (certificate.subjectAltName !== `URI:${uri}`) throw mismatch(`it names somebody else; ${uri} is wanted`);
  return certificate;
}

/**
 * What is wrong with the dates of the host's certificate; undefined: nothing. It keeps the host from the hub and from nothing else: containers
 * and assignments from the broker go on.
 */
export function certificateProblem({ certificate, host }: Identity, nowMs: number): MooringError | undefined {
  const { startsAtMs, endsAtMs } = certificate;
  const now = new Date(nowMs).toISOString();
  if (nowMs < startsAtMs) {
    return new MooringError(
      'CERT_NOT_YET_VALID',
      `Cannot use certificate of ${host}: it begins at ${new Date(startsAtMs).toISOString()} and this clock says ${now}; a right clock is wanted`,
      { hint: 'Check the clock of this host.' },
    );
  }
  if (nowMs <= endsAtMs) return undefined;
  return new MooringError(
    'CERT_EXPIRED',
    `Cannot use certificate of ${host}: it ended at ${new Date(endsAtMs).toISOString()} and this clock says ${now}; a new one is wanted`,
    { hint: `Check the clock; if it is right, run on the hub: mooring invite ${host} --replace` },
  );
}

/** When the certificate is to be renewed, Unix milliseconds: at two thirds of its life, give or take a share that depends on the host. */
export function renewAtMs({ certificate, identityId }: Identity): number {
  const life = certificate.endsAtMs - certificate.startsAtMs;
  // The last digits of the id are random, and stay the same over restarts.
  const share = Number.parseInt(identityId.slice(-4), 16) / 0xffff || 0;
  return certificate.startsAtMs + life * (RENEW_AFTER - RENEW_SPREAD / 2 + RENEW_SPREAD * share);
}

function parseCertificate(bytes: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(typeof bytes === 'string' ? bytes : Buffer.from(bytes));
  } catch (cause) {
    throw new MooringError('CERT_FORMAT', 'Cannot read certificate: it is not X.509; PEM or DER is wanted', { cause });
  }
}

function mismatch(what: string): MooringError {
  return new MooringError('CERT_MISMATCH', `Cannot take certificate: ${what}`);
}
