import { MAX_ENVELOPE_BYTES } from '@mooring/proto';

const KIB = 1024;

/** Milliseconds for a TLS handshake, and again for the first HTTP/2 frame: an honest client needs two round trips. */
export const HANDSHAKE_MS = 5000;
/** Milliseconds within which a call's first message must be there whole. */
export const FIRST_MESSAGE_MS = 15_000;
/** Milliseconds for a unary call. */
export const UNARY_MS = 30_000;
/** Milliseconds for calls that wait for work of their own: Sync and AcceptRewrite for fetch, render and publish, Join for the broker. */
export const LONG_UNARY_MS: Readonly<Record<string, number>> = {
  '/mooring.v1.AdminService/Sync': 300_000,
  '/mooring.v1.AdminService/AcceptRewrite': 300_000,
  '/mooring.v1.EnrolService/Join': 20_000,
};
/** Milliseconds that a stream may wait for its reader to take anything. */
export const STALL_MS = 30_000;
/** Milliseconds from the end of an identity, or of a stalled stream, to the end of its connections. */
export const LINGER_MS = 1000;
/** Milliseconds that open calls have to end when the hub stops. */
export const DRAIN_MS = 2000;

/** Streams on one connection: an agent needs three. */
export const MAX_STREAMS_PER_CONNECTION = 32;
/** Open calls of one identity over all its connections. */
export const MAX_CALLS_PER_IDENTITY = 64;
/** Open calls of one identity per method, where fewer are right: an agent has one stream, and a second while it reconnects. */
export const MAX_CALLS_PER_METHOD: Readonly<Record<string, number>> = { '/mooring.v1.AgentService/Connect': 2 };
/** Connections with one client certificate: an agent needs one, scripts of a person several. */
export const MAX_CONNECTIONS_PER_CERTIFICATE = 32;
/** Connections from one address that have not finished their handshake. */
export const MAX_HANDSHAKES_PER_ADDRESS = 256;
/** Connections from one address to the join port. */
export const MAX_JOIN_CONNECTIONS_PER_ADDRESS = 32;
/** Connections of a port: 10,000 agents and room for people. */
export const MAX_CONNECTIONS = 16_384;

/** PING frames that a connection may send at once: clients measure the bandwidth with them. */
export const PING_BURST = 100;
/** PING frames per second in the long run. */
export const PINGS_PER_SECOND = 10;
/** Join attempts of one address at once: a rack that joins together. */
export const JOIN_BURST = 10;
/** Join attempts per second of one address in the long run. */
export const JOINS_PER_SECOND = 1;

/** Bytes of one message down: the largest assignment and its frame. */
export const MAX_SENT_MESSAGE_BYTES = MAX_ENVELOPE_BYTES + 64 * KIB;
/** Characters of an error's sentence on the wire: trailers have 16 KiB in many clients. */
export const MAX_STATUS_CHARACTERS = 1500;

/** Milliseconds between keepalive pings of the hub, and for their answer: finds a dead peer before the third heartbeat. */
export const KEEPALIVE_MS = 20_000;
/** Milliseconds for the answer to a keepalive ping. */
export const KEEPALIVE_TIMEOUT_MS = 10_000;
/** Milliseconds after which an unused connection is closed. */
export const IDLE_MS = 300_000;
/** Milliseconds after which a connection is replaced, so that no certificate outlives its end by more; grpc-js spreads it by a tenth. */
export const CONNECTION_AGE_MS = 3_600_000;
/** Milliseconds that calls have to end on a connection that is replaced. */
export const CONNECTION_AGE_GRACE_MS = 30_000;
