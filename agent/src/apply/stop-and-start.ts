import type { ApplyParts } from './apply-parts.ts';

/**
 * Stops a container for a change. That is written down first: whoever finds it stopped, a new process after a crash too, must not take it for a
 * one-shot that did its work.
 */
export async function stopContainer({ engine, record }: ApplyParts, id: string): Promise<void> {
  record.markStopped(id, true);
  await engine.stopContainer(id);
}

/** Starts a container; from then on its end is its own again. */
export async function startContainer({ engine, record }: ApplyParts, id: string): Promise<void> {
  await engine.startContainer(id);
  record.markStopped(id, false);
}
