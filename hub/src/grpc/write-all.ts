import { once } from 'node:events';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { MooringError } from '@mooring/proto';
import { STALL_MS } from './limits.ts';
import type { OpenCall } from './open-calls.ts';
import { statusOf } from './status.ts';
import { ABORTED, untilAborted } from './until-aborted.ts';

type Writable = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

/**
 * Writes what a handler yields, never faster than the reader takes it. A reader that takes nothing for 30 s is told SLOW_CONSUMER and loses
 * its connection. Settles when the call has ended, and never rejects.
 */
export async function writeAll(
  call: Writable,
  messages: () => AsyncIterable<unknown>,
  parts: {
    readonly open: OpenCall;
    readonly onError: (error: unknown) => void;
    readonly onStalled: (call: OpenCall) => void;
    readonly stallMs?: number | undefined;
  },
): Promise<void> {
  const { open, onError, onStalled, stallMs = STALL_MS } = parts;
  const { signal } = open.controller;
  let iterator: AsyncIterator<unknown> | undefined;
  try {
    iterator = messages()[Symbol.asyncIterator]();
    for (;;) {
      const next = await untilAborted(iterator.next(), signal);
      if (next === ABORTED) break;
      if (next.done === true) {
        call.end();
        return;
      }
      if (!call.write(next.value) && (await drained(call, signal, stallMs)) === 'stalled') {
        open.end(slowConsumer(open, stallMs));
        onStalled(open);
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof MooringError)) onError(error);
    call.emit('error', statusOf(error));
    return;
  }
  // The handler hears of the end through its signal; it is not waited for.
  iterator.return?.().catch(onError);
}

async function drained(
  call: Writable,
  signal: AbortSignal,
  stallMs: number,
): Promise<'drained' | 'aborted' | 'stalled'> {
  const stalled = AbortSignal.timeout(stallMs);
  const either = AbortSignal.any([signal, stalled]);
  try {
    await once(call, 'drain', { signal: either });
    return 'drained';
  } catch (error) {
    if (signal.aborted) return 'aborted';
    if (stalled.aborted) return 'stalled';
    throw error;
  }
}

function slowConsumer({ caller }: OpenCall, stallMs: number): MooringError {
  return new MooringError(
    'SLOW_CONSUMER',
    `Cannot write to ${caller.name}: it took nothing for ${stallMs} ms; a reader that keeps up is wanted`,
    {
      hint: 'Ask again from the last cursor.',
    },
  );
}
