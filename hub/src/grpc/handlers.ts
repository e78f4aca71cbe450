import type { METHOD_ROLES } from '@mooring/proto';

/** A role that a method declares in the .proto files. */
export type DeclaredRole = (typeof METHOD_ROLES)[keyof typeof METHOD_ROLES];

/** The key of a certificate that the fleet's authority signed. */
export interface PresentedKey {
  /** Hex SHA-256 of its SubjectPublicKeyInfo. */
  readonly spkiHash: string;
  /** Unix milliseconds when the certificate ends. */
  readonly endsAtMs: number;
}

/** Who calls, as the transport proved it: a certificate of the fleet, the hub's own Unix socket, or nobody (join port). */
export interface Caller {
  readonly kind: 'agent' | 'user' | 'local' | 'anyone';
  /** Name of the host or user; "local" on the Unix socket; the address that asks at the join port. */
  readonly name: string;
  /** What the caller may do; agents and nobody are outside the order of people. */
  readonly role: DeclaredRole;
  /** Id of the identity row; empty for local callers and nobody; of a host that returns, the hash of its key. */
  readonly identityId: string;
  /** Of a host that returns. */
  readonly key?: PresentedKey;
}

/** What a handler knows besides the request. */
export interface CallContext {
  readonly caller: Caller;
  /** Aborted when the call ends for any reason: the client went, a deadline passed, the identity was revoked, the hub stops. */
  readonly signal: AbortSignal;
}

interface MethodShape {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  // Generated definitions carry the message types in these two.
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

type RequestOf<M extends MethodShape> = ReturnType<M['requestDeserialize']>;
type ResponseOf<M extends MethodShape> = ReturnType<M['responseDeserialize']>;

/** A handler in plain terms: promises and async iterables. Throws MooringError; the transport turns it into a status with its code. */
export type Handler<M extends MethodShape> = (
  request: M['requestStream'] extends true ? AsyncIterable<RequestOf<M>> : RequestOf<M>,
  context: CallContext,
) => M['responseStream'] extends true ? AsyncIterable<ResponseOf<M>> : Promise<ResponseOf<M>>;

/** One handler for each method of a generated service definition. */
export type Handlers<S extends Readonly<Record<string, MethodShape>>> = { readonly [K in keyof S]: Handler<S[K]> };
