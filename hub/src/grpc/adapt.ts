import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { MooringError } from '@mooring/proto';
import { admittedCall } from './guard.ts';
import type { CallContext } from './handlers.ts';
import { LONG_UNARY_MS, UNARY_MS } from './limits.ts';
import type { OpenCall } from './open-calls.ts';
import { declaredRole } from './roles.ts';
import { statusOf } from './status.ts';
import { ABORTED, untilAborted } from './until-aborted.ts';
import { writeAll } from './write-all.ts';

/** A handler whose messages are whatever its service definition says. */
// biome-ignore lint/suspicious/noExplicitAny: the generated definition ties each handler to its messages, which are gone at run time.
type AnyHandler = (request: any, context: CallContext) => any;

/** What adapting needs besides the handlers. */
export interface AdaptParts {
  readonly onError: (error: unknown) => void;
  /** A reader takes nothing: its call was ended, and its connection must follow. */
  readonly onStalled: (call: OpenCall) => void;
  /** Milliseconds; absent: 30 s. */
  readonly stallMs?: number | undefined;
}

/** A service as grpc-js takes it. */
export interface AdaptedService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** Bytes that are not the message that the method takes. */
class Malformed {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/**
 * Turns plain handlers into what grpc-js calls. Throws when a method declares no role: such a service cannot be registered. Every handler runs
 * with the caller that the guard found and a signal that ends with the call.
 */
export function adapt(
  definition: ServiceDefinition,
  handlers: Readonly<Record<string, AnyHandler>>,
  parts: AdaptParts,
): AdaptedService {
  const safe: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(definition)) {
    const handler = handlers[name];
    if (declaredRole(method.path) === undefined || handler === undefined) {
      throw new MooringError(
        'INTERNAL',
        `Cannot serve ${method.path}: it declares no role or has no handler; both are wanted`,
      );
    }
    safe[name] = { ...method, requestDeserialize: (bytes: Buffer) => decode(method.requestDeserialize, bytes) };
    implementation[name] = implementationOf(method, handler.bind(handlers), parts);
  }
  return { definition: safe, implementation };
}

function implementationOf(
  method: ServiceDefinition[string],
  handler: AnyHandler,
  parts: AdaptParts,
): UntypedServiceImplementation[string] {
  if (method.requestStream && method.responseStream) {
    return (call: ServerDuplexStream<unknown, unknown>) => {
      const open = admittedCall(call.metadata);
      void writeAll(call, () => handler(messagesOf(call, open), contextOf(open)), { open, ...parts });
    };
  }
  if (method.responseStream) {
    return (call: ServerWritableStream<unknown, unknown>) => {
      const open = admittedCall(call.metadata);
      void writeAll(call, () => handler(wellFormed(call.request), contextOf(open)), { open, ...parts });
    };
  }
  if (method.requestStream) {
    return (call: ServerReadableStream<unknown, unknown>, answer: sendUnaryData<unknown>) => {
      const open = admittedCall(call.metadata);
      void respond({ open, answer, parts, deadlineMs: undefined }, () =>
        handler(messagesOf(call, open), contextOf(open)),
      );
    };
  }
  return (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
    const open = admittedCall(call.metadata);
    const deadlineMs = LONG_UNARY_MS[method.path] ?? UNARY_MS;
    void respond({ open, answer, parts, deadlineMs }, () => handler(wellFormed(call.request), contextOf(open)));
  };
}

async function respond(
  call: {
    readonly open: OpenCall;
    readonly answer: sendUnaryData<unknown>;
    readonly parts: AdaptParts;
    /** Undefined: the request is a stream, as long as its sender likes. */
    readonly deadlineMs: number | undefined;
  },
  work: () => Promise<unknown>,
): Promise<void> {
  const { open, answer, parts, deadlineMs } = call;
  const timer =
    deadlineMs === undefined ? undefined : setTimeout(() => open.end(expired(open.path, deadlineMs)), deadlineMs);
  try {
    const response = await untilAborted(work(), open.controller.signal);
    if (response !== ABORTED) answer(null, response);
  } catch (error) {
    if (!(error instanceof MooringError)) parts.onError(error);
    answer(statusOf(error));
  } finally {
    clearTimeout(timer);
  }
}

/** The messages of a stream, until its sender has finished or the call has ended. */
async function* messagesOf(
  call: ServerReadableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
  { controller }: OpenCall,
): AsyncGenerator<unknown> {
  try {
    // Leaving the loop must not destroy the call: its answer is still to be written.
    for await (const message of call.iterator({ destroyOnReturn: false })) yield wellFormed(message);
  } catch (error) {
    // A call that has ended closes its stream early: that is the end, not a failure.
    if (!controller.signal.aborted) throw error;
  }
}

function contextOf({ caller, controller }: OpenCall): CallContext {
  return { caller, signal: controller.signal };
}

function decode(deserialize: (bytes: Buffer) => unknown, bytes: Buffer): unknown {
  try {
    return deserialize(bytes);
  } catch (cause) {
    return new Malformed(cause);
  }
}

function wellFormed(message: unknown): unknown {
  if (!(message instanceof Malformed)) return message;
  throw new MooringError(
    'INVALID_ARGUMENT',
    'Cannot read call: its message is not the one that the method takes; protobuf of mooring.v1 is wanted',
    {
      cause: message.cause,
    },
  );
}

function expired(path: string, deadlineMs: number): MooringError {
  return new MooringError(
    'TIMED_OUT',
    `Cannot answer ${path.slice(path.lastIndexOf('/') + 1)}: ${deadlineMs} ms have passed; an answer by then is wanted`,
  );
}
