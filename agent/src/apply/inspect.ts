import { MooringError } from '@mooring/proto';
import { pause } from '../backoff.ts';
import type { ContainerDetails, Engine } from '../observe/engine.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';

/** Milliseconds in which an engine under load answers about what was just made; a look would not wait so long, a change that is half done does. */
const KNOWN_DEADLINE_MS = 15_000;
// Between questions: while an answer is owed they cost the engine nothing.
const ASK_EVERY_MS = 150;

/** Inspects a container that is being worked on. Undefined: it is gone. Throws CONTAINER_UNKNOWN where the engine says nothing about it for 15 s. */
export async function inspectAtWork(
  engine: Engine,
  id: string,
  {
    timers = MACHINE_TIMERS,
    signal = NEVER,
  }: { readonly timers?: Timers | undefined; readonly signal?: AbortSignal } = {},
): Promise<ContainerDetails | undefined> {
  const beganMs = timers.monotonicMs();
  for (;;) {
    try {
      return await engine.inspectContainer(id);
    } catch (error) {
      const isUnknown = error instanceof MooringError && error.code === 'CONTAINER_UNKNOWN';
      if (!isUnknown || signal.aborted || timers.monotonicMs() - beganMs > KNOWN_DEADLINE_MS) throw error;
    }
    await pause(ASK_EVERY_MS, signal, timers);
  }
}

const NEVER = new AbortController().signal;
