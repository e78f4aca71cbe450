import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { MooringError } from '@mooring/proto';
import type { Caller } from './handlers.ts';
import { FIRST_MESSAGE_MS } from './limits.ts';
import type { OpenCall, OpenCalls } from './open-calls.ts';
import { checkRole } from './roles.ts';
import { statusOf } from './status.ts';

/** What the transport knows of who calls. */
export interface Peer {
  /** "address:port"; "unknown" on the Unix socket. */
  readonly address: string;
  /** Client certificate that TLS accepted, DER; undefined: none. */
  readonly certificate: Uint8Array | undefined;
}

/** What a guard decides with. */
export interface GuardParts {
  /** Who calls. Throws when it is nobody. */
  readonly identify: (peer: Peer) => Caller;
  /** Client certificate of a connection that TLS accepted, by its address; absent: nobody has one. */
  readonly certificateOf?: ((address: string) => Peer['certificate']) | undefined;
  readonly open: OpenCalls;
  readonly onError: (error: unknown) => void;
  /** Milliseconds; absent: 15 s. */
  readonly firstMessageMs?: number | undefined;
}

type Intercepted = Parameters<ServerInterceptor>[1];

/** Calls that were let in, by the metadata object that grpc-js hands from the guard to the handler. */
const admitted = new WeakMap<Metadata, OpenCall>();

/** The call that the guard let in with that metadata. Throws INTERNAL: no handler runs behind the guard's back. */
export function admittedCall(metadata: Metadata): OpenCall {
  const call = admitted.get(metadata);
  if (call !== undefined) return call;
  throw new MooringError('INTERNAL', 'Cannot answer call: nobody checked who calls; a guarded server is wanted');
}

/**
 * Stands before every method, ours or not: who calls, whether the method's role allows it, whether too much is open, and whether the first
 * message comes in time. Nothing of a refused call is read.
 */
export function guard(parts: GuardParts): ServerInterceptor {
  const { firstMessageMs = FIRST_MESSAGE_MS } = parts;
  return (method, call) => {
    let open: OpenCall | undefined;
    let firstMessage: NodeJS.Timeout | undefined;
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            try {
              open = admit(parts, call, method.path);
            } catch (error) {
              if (!(error instanceof MooringError)) parts.onError(error);
              call.sendStatus(statusOf(error));
              return;
            }
            const { end } = open;
            firstMessage = setTimeout(() => end(tooSlow(firstMessageMs)), firstMessageMs);
            admitted.set(metadata, open);
            proceed(metadata);
          },
          onReceiveMessage(message, proceed) {
            clearTimeout(firstMessage);
            proceed(message);
          },
          onReceiveHalfClose(proceed) {
            clearTimeout(firstMessage);
            proceed();
          },
          onCancel() {
            clearTimeout(firstMessage);
            if (open !== undefined) parts.open.remove(open);
            open?.controller.abort();
          },
        });
      },
    });
  };
}

function admit({ identify, certificateOf, open }: GuardParts, call: Intercepted, path: string): OpenCall {
  const address = call.getPeer();
  const caller = identify({ address, certificate: certificateOf?.(address) });
  checkRole(caller, path);
  const controller = new AbortController();
  const admission: OpenCall = {
    caller,
    path,
    peer: address,
    controller,
    end(error) {
      call.sendStatus(statusOf(error));
      controller.abort(error);
    },
  };
  open.add(admission);
  return admission;
}

function tooSlow(milliseconds: number): MooringError {
  return new MooringError(
    'TIMED_OUT',
    `Cannot read call: no whole message came within ${milliseconds} ms; a message at once is wanted`,
  );
}
