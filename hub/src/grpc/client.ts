import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { AdminServiceService, FleetServiceService, MAX_OBJECT_BYTES } from '@mooring/proto';
import { type CallOptions, type CallTarget, duplex, stream, unary } from './client-call.ts';
import { checkClientCertificate } from './client-certificate.ts';

type Bytes = (bytes: Buffer) => unknown;

/** A service in plain terms: promises, and async iterables for streams of requests and responses. Every error is a MooringError. */
export type HubClient<S> = {
  readonly [K in keyof S]: S[K] extends {
    requestStream: infer Sent;
    responseStream: infer Streamed;
    requestDeserialize: infer Request extends Bytes;
    responseDeserialize: infer Response extends Bytes;
  }
    ? (
        request: Sent extends true ? Iterable<ReturnType<Request>> : ReturnType<Request>,
        options?: CallOptions,
      ) => Streamed extends true ? AsyncIterable<ReturnType<Response>> : Promise<ReturnType<Response>>
    : never;
};

/** The services that people and scripts use. */
export interface HubClients {
  readonly fleet: HubClient<typeof FleetServiceService>;
  readonly admin: HubClient<typeof AdminServiceService>;
  close(): void;
}

/** Where a hub is: its Unix socket on this machine, or "host:port" with a user's certificate (PEM texts). */
export type HubTarget =
  | { readonly socketPath: string }
  | { readonly address: string; readonly ca: string; readonly cert: string; readonly key: string };

/** Bytes of one answer: a published bundle is the largest. */
const MAX_ANSWER_BYTES = MAX_OBJECT_BYTES;
/** Name that is sent where the hub is known by an IP address, which TLS does not allow there (RFC 6066, 3). */
const SERVER_NAME = 'hub';
/** Milliseconds between attempts to connect, so that a hub that restarts is found soon. */
const MAX_RECONNECT_BACKOFF_MS = 2000;

/**
 * Opens a channel to a hub; nothing is sent before the first call. Checks the user's own certificate first, because TLS 1.3 tells a refused
 * client nothing: throws CERT_MISSING, CERT_FORMAT, CERT_EXPIRED, CERT_NOT_YET_VALID or CERT_MISMATCH. Calls throw HUB_UNREACHABLE when nobody
 * answers.
 */
export function connectHub(target: HubTarget): HubClients {
  if ('socketPath' in target) {
    const { socketPath } = target;
    return clientsOf({
      target: `unix:${socketPath}`,
      name: socketPath,
      secrets: credentials.createInsecure(),
      options: {},
    });
  }
  checkClientCertificate(target, Date.now());
  const { address, ca, key, cert } = target;
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const secrets = credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert), {
    // The name or address that was dialled is checked, whatever name TLS was given.
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
  });
  const options = isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': SERVER_NAME };
  return clientsOf({ target: address, name: address, secrets, options });
}

interface Dialled {
  readonly target: string;
  /** As people know it. */
  readonly name: string;
  readonly secrets: ChannelCredentials;
  readonly options: ClientOptions;
}

function clientsOf({ target, name, secrets, options }: Dialled): HubClients {
  const client = new Client(target, secrets, {
    ...options,
    'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
    'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_BACKOFF_MS,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
  });
  return {
    fleet: clientOf(client, name, FleetServiceService),
    admin: clientOf(client, name, AdminServiceService),
    close: () => client.close(),
  };
}

function clientOf<S extends ServiceDefinition>(client: Client, name: string, definition: S): HubClient<S> {
  const methods = Object.entries(definition).map(([key, method]) => {
    const target = { client, name, method };
    return [key, callOf(method, target)];
  });
  // The one cast: the definition that gives the methods their types also serialises and reads them.
  return Object.fromEntries(methods) as HubClient<S>;
}

function callOf({ requestStream, responseStream }: ServiceDefinition[string], target: CallTarget) {
  // Methods of people that send a stream get one back.
  if (requestStream)
    return (requests: Iterable<unknown>, options: CallOptions = {}) => duplex(target, requests, options);
  return (request: unknown, options: CallOptions = {}) =>
    responseStream ? stream(target, request, options) : unary(target, request, options);
}
