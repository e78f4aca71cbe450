import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { connect, type NatsConnection, nkeyAuthenticator } from 'nats';

/** Milliseconds for an answer of the broker, however busy the machine is. */
export const REQUEST_MS = 30_000;

/** Who connects to a broker at 127.0.0.1. */
export interface BareTarget {
  readonly url: string;
  readonly ca: string;
  readonly nkeySeed: string;
  readonly inboxPrefix: string;
}

/** A connection by the NATS client alone: TLS and the user's nkey. Once it is lost it is over. */
export function bareConnection({ url, ca, nkeySeed, inboxPrefix }: BareTarget): Promise<NatsConnection> {
  return connect({
    servers: [url],
    authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)),
    tls: tlsOf(ca),
    inboxPrefix,
    reconnect: false,
    timeout: REQUEST_MS,
  });
}

// The library hands every option of TLS on; its types know only some.
function tlsOf(ca: string) {
  return {
    ca,
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity('127.0.0.1', certificate),
  };
}
