import { MooringError, type Service } from '@mooring/proto';
import type { ApplyParts } from './apply-parts.ts';
import { runHooks } from './hooks.ts';

/**
 * Stops a container for a change, after the hooks of its service, where it is one of the stack. That is written down first: whoever finds it
 * stopped, a new process after a crash too, must not take it for a one-shot that did its work. Throws HOOK_FAILED: then it runs on.
 */
export async function stopContainer(parts: ApplyParts, id: string, service?: Service): Promise<void> {
  await runHooks(parts, id, { moment: 'pre_stop', service });
  parts.record.markStopped(id, true);
  await parts.engine.stopContainer(id);
}

/** Starts a container, and runs the hooks of its service; from then on its end is its own again. Throws HOOK_FAILED: then it is stopped. */
export async function startContainer(parts: ApplyParts, id: string, service?: Service): Promise<void> {
  const { engine, record } = parts;
  await engine.startContainer(id);
  record.markStopped(id, false);
  await runPostStart(parts, id, service);
}

/** Stops and starts a container, with the hooks of its service around it. */
export async function restartContainer(parts: ApplyParts, id: string, service?: Service): Promise<void> {
  await runHooks(parts, id, { moment: 'pre_stop', service });
  await parts.engine.restartContainer(id);
  await runPostStart(parts, id, service);
}

/** One whose hooks failed is not what was asked for: it does not pass for one that runs. */
async function runPostStart(parts: ApplyParts, id: string, service: Service | undefined): Promise<void> {
  try {
    await runHooks(parts, id, { moment: 'post_start', service });
  } catch (error) {
    if (!(error instanceof MooringError && error.code === 'HOOK_FAILED')) throw error;
    parts.record.markStopped(id, true);
    await parts.engine.stopContainer(id);
    throw error;
  }
}
