import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  assignmentSubject,
  type Digest,
  directGetSubject,
  inboxPrefix,
  MooringError,
  objectSubject,
  pushSubject,
  STREAMS,
} from '@mooring/proto';
import { connect, type NatsConnection, NatsError } from 'nats';
import { signWithNkey } from '../join/nkey.ts';

/** Milliseconds for one connection attempt, handshakes included. */
const CONNECT_MS = 10_000;
/** Milliseconds for one answer of the broker. */
const REQUEST_MS = 5_000;
/** Milliseconds between pings, of which two may stay unanswered: a broker that vanished is noticed within 30 s. */
const PING_MS = 10_000;
const MAX_PINGS_OUT = 2;

/** Where the broker is, and who asks. */
export interface BrokerTarget {
  /** "tls://host:port", any of them. */
  readonly urls: readonly string[];
  readonly host: string;
  /** Seed of the host's own user. */
  readonly nkeySeed: string;
  /** The fleet's certificate authority, PEM. */
  readonly caPem: string;
  /** Called with each assignment that the broker pushes. */
  readonly onPush: (envelope: Uint8Array) => void;
  /** Called with what the broker refuses; it says so nowhere else. */
  readonly onRefusal: (what: string) => void;
}

/** One live connection to the broker. It is not mended: a new one is made. */
export interface BrokerConnection {
  /** The host's newest assignment; undefined: the broker holds none. */
  assignment(): Promise<Uint8Array | undefined>;
  /** An object's sealed bytes, not checked; undefined: the broker does not hold it. */
  object(object: Digest): Promise<Uint8Array | undefined>;
  /** Resolves with the reason when the connection has ended. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** Connects with the host's own nkey, trusting the fleet's authority alone, and listens for pushes. Throws BROKER_UNREACHABLE. */
export async function connectBroker(target: BrokerTarget): Promise<BrokerConnection> {
  const { host } = target;
  const connection = await open(target);
  connection.subscribe(pushSubject(host), {
    callback: (error, message) => {
      if (error === null) target.onPush(message.data);
      else target.onRefusal(error.message);
    },
  });
  void tellRefusals(connection, target.onRefusal);
  const get = (stream: string, subject: string) => directGet(connection, directGetSubject(stream, subject));
  return {
    assignment: () => get(STREAMS.assignments, assignmentSubject(host)),
    object: (object) => get(STREAMS.objects, objectSubject(object)),
    ended: connection.closed().then((error) => (error instanceof Error ? error.message : 'it was closed')),
    close: () => connection.close(),
  };
}

async function open({ urls, host, nkeySeed, caPem }: BrokerTarget): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...urls],
      name: `mooring-agent ${host}`,
      authenticator: (nonce) => prove(nkeySeed, nonce),
      tls: serverTls(urls, caPem),
      // The default prefix would let one host read the answers of every other (authorization guide of NATS).
      inboxPrefix: inboxPrefix(host),
      // The caller connects again itself, at its own pace and to addresses that may have changed.
      reconnect: false,
      ignoreAuthErrorAbort: true,
      timeout: CONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: MAX_PINGS_OUT,
    });
  } catch (cause) {
    throw unreachable('connect to the broker', cause);
  }
}

/** A server that asks for no proof gets none; ours always asks. */
function prove(seed: string, nonce: string | undefined): { readonly nkey: string; readonly sig: string } {
  const { nkey, signature } = signWithNkey(seed, Buffer.from(nonce ?? ''));
  return { nkey, sig: nonce ? Buffer.from(signature).toString('base64url') : '' };
}

/**
 * The client library names no server to TLS where its address is an IP, and Node then checks the certificate for "localhost". Here it is checked for
 * the addresses that were named. (The library hands every option of TLS on; its types know only some.)
 */
function serverTls(urls: readonly string[], ca: string) {
  const addresses = urls.map((url) => URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '');
  const check = (name: string, certificate: PeerCertificate): Error | undefined => {
    if (addresses.includes(name)) return checkServerIdentity(name, certificate);
    const errors = addresses.map((address) => checkServerIdentity(address, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
  return { ca, checkServerIdentity: check };
}

async function directGet(connection: NatsConnection, subject: string): Promise<Uint8Array | undefined> {
  try {
    const answer = await connection.request(subject, undefined, { timeout: REQUEST_MS });
    const code = answer.headers?.code ?? 0;
    if (code === NOT_FOUND) return undefined;
    if (code >= FIRST_ERROR) throw new Error(`status ${code} ${answer.headers?.description ?? ''}`.trim());
    return answer.data;
  } catch (cause) {
    // Nobody answers for a stream that is not there: the broker's store is gone, and the hub has not filled it yet.
    if (cause instanceof NatsError && cause.code === NO_RESPONDERS) return undefined;
    throw unreachable('read from the broker', cause);
  }
}

/** Status codes of Direct Get (NATS ADR-31). */
const NOT_FOUND = 404;
const FIRST_ERROR = 400;
/** What the client calls "no responders". */
const NO_RESPONDERS = '503';

async function tellRefusals(connection: NatsConnection, onRefusal: (what: string) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'error') onRefusal(String(status.data));
  }
}

function unreachable(what: string, cause: unknown): MooringError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MooringError('BROKER_UNREACHABLE', `Cannot ${what}: ${why}; a broker that knows this host is wanted`, {
    cause,
  });
}
