import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { signWithNkey } from '@mooring/agent';
import { connect, type NatsConnection } from 'nats';

/** Milliseconds for an answer of the broker, however busy the machine is. */
export const REQUEST_MS = 30_000;

/** Who connects to a broker at 127.0.0.1. */
export interface BareTarget {
  readonly url: string;
  readonly ca: string;
  readonly nkeySeed: string;
  readonly inboxPrefix: string;
}

/**
 * A connection by the NATS client alone: TLS and the user's nkey, which Node signs with, as for an agent: the client's own arithmetic takes
 * milliseconds that no floor needs. Once the connection is lost it is over.
 */
export function bareConnection({ url, ca, nkeySeed, inboxPrefix }: BareTarget): Promise<NatsConnection> {
  return connect({
    servers: [url],
    authenticator: (nonce) => prove(nkeySeed, nonce),
    tls: tlsOf(ca),
    inboxPrefix,
    reconnect: false,
    timeout: REQUEST_MS,
  });
}

function prove(seed: string, nonce = '') {
  const { nkey, signature } = signWithNkey(seed, Buffer.from(nonce));
  return { nkey, sig: Buffer.from(signature).toString('base64url') };
}

// The library hands every option of TLS on; its types know only some.
function tlsOf(ca: string) {
  return {
    ca,
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity('127.0.0.1', certificate),
  };
}
