import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  connectivityState,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { MooringError } from '@mooring/proto';
import { connectCause } from './connect-cause.ts';
import { problemOf } from './status.ts';

/** Milliseconds that an answer may take unless the caller says otherwise; the hub itself gives up then. */
const DEADLINE_MS = 30_000;
/** Milliseconds until a hub that takes no connection counts as gone: a person is told within five seconds. */
const CONNECT_DEADLINE_MS = 4500;

/** What one call may say besides its request. */
export interface CallOptions {
  /** Milliseconds; absent: 30 s for a unary call, none for a stream. */
  readonly deadlineMs?: number | undefined;
  /** Ends the call with TIMED_OUT. */
  readonly signal?: AbortSignal | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: what grpc-js itself says of a method whose messages are not known here.
type AnyMethod = MethodDefinition<any, any>;

/** One method of one hub. */
export interface CallTarget {
  readonly client: Client;
  /** The hub, as people know it. */
  readonly name: string;
  readonly method: AnyMethod;
}

/** Calls a method and waits for its answer. */
export function unary({ client, name, method }: CallTarget, request: unknown, options: CallOptions): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const call = client.makeUnaryRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    new Metadata(),
    { deadline: Date.now() + deadlineMs },
    (error: ServiceError | null, response?: unknown) => {
      connecting.stop();
      options.signal?.removeEventListener('abort', cancel);
      if (error === null) resolve(response);
      else reject(connecting.gaveUp ? silent(name, error) : errorOf(error, name, options.signal));
    },
  );
  const cancel = () => call.cancel();
  const connecting = watchConnecting(client, cancel);
  options.signal?.addEventListener('abort', cancel, { once: true });
  if (options.signal?.aborted === true) cancel();
  return promise;
}

/** Calls a method and yields what it sends; leaving the loop ends the call. */
export async function* stream(
  { client, name, method }: CallTarget,
  request: unknown,
  options: CallOptions,
): AsyncGenerator<unknown> {
  const deadline = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    new Metadata(),
    deadline,
  );
  yield* messagesOf(call, { client, name }, options);
}

/** Calls a method, sends the requests as fast as the hub takes them, and yields what it sends meanwhile; leaving the loop ends the call. */
export async function* duplex(
  { client, name, method }: CallTarget,
  requests: Iterable<unknown>,
  options: CallOptions,
): AsyncGenerator<unknown> {
  const deadline = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
  const call = client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    new Metadata(),
    deadline,
  );
  // A call that ends early takes no more; its reader hears why.
  void pipeline(Readable.from(requests), call).catch(() => undefined);
  yield* messagesOf(call, { client, name }, options);
}

async function* messagesOf(
  call: ClientReadableStream<unknown> | ClientDuplexStream<unknown, unknown>,
  { client, name }: Pick<CallTarget, 'client' | 'name'>,
  { signal }: CallOptions,
): AsyncGenerator<unknown> {
  const cancel = () => call.cancel();
  const connecting = watchConnecting(client, cancel);
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    for await (const message of call) yield message;
  } catch (error) {
    if (!isServiceError(error)) throw error;
    throw connecting.gaveUp ? silent(name, error) : errorOf(error, name, signal);
  } finally {
    connecting.stop();
    signal?.removeEventListener('abort', cancel);
    // After an early exit grpc-js still reports the cancellation; nobody waits for it.
    call.on('error', () => undefined);
    call.cancel();
  }
}

/** Gives up a call while its channel has no connection: grpc-js would go on trying until the call's own deadline. */
function watchConnecting(client: Client, giveUp: () => void): { readonly gaveUp: boolean; stop(): void } {
  const state = { gaveUp: false };
  const timer = setTimeout(() => {
    if (client.getChannel().getConnectivityState(false) === connectivityState.READY) return;
    state.gaveUp = true;
    giveUp();
  }, CONNECT_DEADLINE_MS);
  return {
    get gaveUp() {
      return state.gaveUp;
    },
    stop: () => clearTimeout(timer),
  };
}

function silent(hub: string, cause: ServiceError): MooringError {
  return new MooringError(
    'HUB_UNREACHABLE',
    `Cannot reach hub ${hub}: it takes no connection within ${CONNECT_DEADLINE_MS / 1000} s; a hub that answers there is wanted`,
    { hint: 'Is it running, and does a firewall let it through?', cause },
  );
}

function errorOf(error: ServiceError, hub: string, signal: AbortSignal | undefined): MooringError {
  if (signal?.aborted === true || error.code === status.DEADLINE_EXCEEDED) {
    return (
      problemOf(error.metadata) ??
      new MooringError('TIMED_OUT', `Cannot wait for hub ${hub}: the time is over; an answer by then is wanted`, {
        cause: error,
      })
    );
  }
  return problemOf(error.metadata) ?? withoutProblem(error, hub);
}

/** Statuses that come from grpc-js itself, or from a hub that this build does not understand. */
function withoutProblem(error: ServiceError, hub: string): MooringError {
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.CANCELLED:
      return new MooringError(
        'HUB_UNREACHABLE',
        `Cannot reach hub ${hub}: ${connectCause(error.details)}; a hub that answers there is wanted`,
        {
          hint: hub.startsWith('/')
            ? 'Start it with `mooring hub`, or name another with --hub or --context.'
            : 'Is it running? A hub that does not know your certificate closes the connection without a word.',
          cause: error,
        },
      );
    case status.UNIMPLEMENTED:
      return new MooringError(
        'UPGRADE_REQUIRED',
        `Cannot ask hub ${hub}: it does not know this call; a hub of this version is wanted`,
        {
          cause: error,
        },
      );
    default:
      return new MooringError('INTERNAL', `Cannot ask hub ${hub}: ${error.details}; an answer is wanted`, {
        cause: error,
      });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
