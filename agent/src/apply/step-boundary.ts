import { MooringError, Severity } from '@mooring/proto';
import { describe, isContainerStep, objectOf, type Step } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';

const KINDS: Readonly<Record<Step['kind'], string>> = {
  'create-network': 'network.created',
  'replace-network': 'network.replaced',
  'create-volume': 'volume.created',
  'restore-content': 'content.restored',
  'create-container': 'container.created',
  'replace-container': 'container.replaced',
  'update-container': 'container.updated',
  'keep-container': 'container.kept',
  'start-container': 'container.started',
  'restart-container': 'container.restarted',
  'unpause-container': 'container.unpaused',
  'remove-container': 'container.removed',
  'remove-network': 'network.removed',
};

/** The step is done: one event, in its own words. */
export function tellDone({ tell }: ApplyParts, step: Step): void {
  tell({
    kind: KINDS[step.kind],
    severity: Severity.SEVERITY_INFO,
    stack: step.stack,
    service: isContainerStep(step) ? step.service.name : '',
    object: objectOf(step),
    message: describe(step),
  });
}

/** Stops at a boundary between steps. Throws APPLY_CANCELLED. */
export function checkCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const message = 'Cannot finish the change: a newer assignment came; it is applied instead';
  throw new MooringError('APPLY_CANCELLED', message);
}
