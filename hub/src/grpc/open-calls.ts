import { MooringError } from '@mooring/proto';
import type { Caller } from './handlers.ts';
import { MAX_CALLS_PER_IDENTITY, MAX_CALLS_PER_METHOD } from './limits.ts';

/** A call that was let in. */
export interface OpenCall {
  readonly caller: Caller;
  readonly path: string;
  /** "address:port" of the connection that it came over. */
  readonly peer: string;
  readonly controller: AbortController;
  /** Ends it with the error's status, now. */
  readonly end: (error: MooringError) => void;
}

/** Every open call, by who made it. */
export class OpenCalls {
  readonly #byCaller = new Map<string, Set<OpenCall>>();

  /** Throws RATE_LIMITED when the caller has too many open. */
  add(call: OpenCall): void {
    const key = callerKey(call.caller);
    const calls = this.#byCaller.get(key) ?? new Set();
    const ofMethod = [...calls].filter(({ path }) => path === call.path).length;
    const limit = MAX_CALLS_PER_METHOD[call.path] ?? MAX_CALLS_PER_IDENTITY;
    if (calls.size >= MAX_CALLS_PER_IDENTITY || ofMethod >= limit) {
      throw new MooringError(
        'RATE_LIMITED',
        `Cannot accept call: ${call.caller.name} has ${ofMethod} of that method open; at most ${limit} are wanted`,
      );
    }
    this.#byCaller.set(key, calls.add(call));
  }

  remove(call: OpenCall): void {
    const key = callerKey(call.caller);
    const calls = this.#byCaller.get(key);
    calls?.delete(call);
    if (calls?.size === 0) this.#byCaller.delete(key);
  }

  /** Calls of one identity. */
  of(identityId: string): readonly OpenCall[] {
    return [...(this.#byCaller.get(identityId) ?? [])];
  }

  all(): readonly OpenCall[] {
    return [...this.#byCaller.values()].flatMap((calls) => [...calls]);
  }
}

/** Callers without an identity are counted by kind and name: the local socket, and each address at the join port. */
function callerKey(caller: Caller): string {
  return caller.identityId === '' ? `${caller.kind} ${caller.name}` : caller.identityId;
}
