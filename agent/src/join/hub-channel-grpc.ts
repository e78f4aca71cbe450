import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ClientOptions, credentials, type Metadata } from '@grpc/grpc-js';
import { asErrorCode, MooringError, Problem } from '@mooring/proto';

/** Name that is sent where the hub is known by an IP address, which TLS does not allow there (RFC 6066, 3). */
const SERVER_NAME = 'hub';
/** Trailer that carries a `mooring.v1.Problem`. */
const PROBLEM_TRAILER = 'mooring-error-bin';
/** Trailer with the milliseconds that a server wants to be left alone (gRFC A6); less than nothing: it would rather not be asked again. */
const PUSHBACK_TRAILER = 'grpc-retry-pushback-ms';

/** How to open a channel to the hub. */
export interface HubChannel {
  readonly credentials: ChannelCredentials;
  readonly options: ClientOptions;
}

/** A channel to "host:port" that trusts the fleet's authority alone (PEM texts), and shows the host's certificate where one is given. */
export function hubChannel(
  address: string,
  tls: { readonly ca: string; readonly cert?: string | undefined; readonly key?: string | undefined },
): HubChannel {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return {
    // The name or address that was dialled is checked, whatever name TLS was given.
    credentials: credentials.createSsl(Buffer.from(tls.ca), bytes(tls.key), bytes(tls.cert), {
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    }),
    options: {
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
      ...(isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': SERVER_NAME }),
    },
  };
}

/** The error that the hub sent with a status; undefined: it sent none that this build knows. */
export function problemOf(metadata: Metadata): MooringError | undefined {
  const [bytes] = metadata.get(PROBLEM_TRAILER);
  if (!Buffer.isBuffer(bytes)) return undefined;
  const problem = Problem.decode(bytes);
  const code = asErrorCode(problem.code);
  if (code === undefined) return undefined;
  const hint = problem.hint === '' ? undefined : problem.hint;
  return new MooringError(code, problem.message, { hint, retryAfterMs: retryAfterMs(metadata) });
}

/** How long the hub wants to be left alone; undefined: it did not say. Whatever is no number of milliseconds means for long. */
export function retryAfterMs(metadata: Metadata): number | undefined {
  const [text] = metadata.get(PUSHBACK_TRAILER);
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(String(text)) ? Number(text) : Number.MAX_SAFE_INTEGER;
}
