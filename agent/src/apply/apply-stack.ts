import type { Service } from '@mooring/proto';
import { pairs } from '../canonical/pairs.ts';
import type { DesiredStack } from '../plan/desired.ts';
import type { StackPlan } from '../plan/plan.ts';
import { isContainerStep, type Step } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { applyServices } from './apply-services.ts';
import { checkPorts } from './check-ports.ts';
import { createNetwork, resourceLabels } from './create-network.ts';
import { failpoint } from './failpoint.ts';
import { NO_CONTAINER } from './ports.ts';
import { pullImages } from './pull-images.ts';
import { replaceNetwork } from './replace-network.ts';
import { checkCancelled, tellDone } from './step-boundary.ts';
import { stopContainer } from './stop-and-start.ts';

/**
 * Performs the steps of one stack: pulls everything and checks ports first, then contents, networks and volumes, then services as their
 * dependencies allow, then removals once what is new is healthy. Throws the first failure after everything that did not depend on it is done; a
 * failed pull or a taken port stops the stack before anything is touched. While it works the journal says so: a stack whose apply was cut off is
 * not one whose containers somebody took away.
 */
export async function applyStack(parts: ApplyParts, plan: StackPlan, signal: AbortSignal): Promise<void> {
  const { desired, stack } = plan;
  const containerSteps = plan.steps.filter(isContainerStep);
  if (desired !== undefined) {
    await pullImages(parts, containerSteps);
    await checkPorts(parts, containerSteps, leaving(plan.steps));
  }
  const entry = parts.journal.begin({ ...NO_CONTAINER, kind: 'apply', stage: 'begun', stack });
  failpoint('apply.begun');
  try {
    const late = plan.steps.filter(isLate);
    const before = plan.steps.filter((step) => !isContainerStep(step) && !late.includes(step));
    await performInOrder(parts, { steps: before, desired, signal });
    if (desired !== undefined)
      await applyServices(parts, { desired, steps: containerSteps, signal, prove: late.length > 0 });
    await performInOrder(parts, { steps: late, desired, signal });
  } finally {
    parts.journal.finish(entry);
  }
}

/** Containers that make way in this plan. */
function leaving(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(
    steps.flatMap((step) => {
      if (step.kind === 'replace-container') return [step.old.id];
      return step.kind === 'remove-container' ? [step.container.id] : [];
    }),
  );
}

/** Removals of what nothing takes the place of. */
function isLate(step: Step): boolean {
  return step.kind === 'remove-network' || (step.kind === 'remove-container' && !step.makesWay);
}

interface Work {
  readonly steps: readonly Step[];
  readonly desired: DesiredStack | undefined;
  readonly signal: AbortSignal;
}

/** Steps of one kind next to each other do not depend on each other. */
async function performInOrder(parts: ApplyParts, { steps, desired, signal }: Work): Promise<void> {
  for (let first = 0; first < steps.length; ) {
    const kind = steps[first]?.kind;
    const after = steps.findIndex((step, index) => index > first && step.kind !== kind);
    const last = after === -1 ? steps.length : after;
    await Promise.all(steps.slice(first, last).map((step) => performPlain(parts, step, { desired, signal })));
    first = last;
  }
}

/** The service, while Git names it: as docker compose does, what was dropped from the files goes without its hooks. */
function serviceOf(desired: DesiredStack | undefined, name: string): Service | undefined {
  return desired?.bundle.services.find((service) => service.name === name);
}

async function performPlain(parts: ApplyParts, step: Step, { desired, signal }: Omit<Work, 'steps'>): Promise<void> {
  checkCancelled(signal);
  const { engine, record } = parts;
  switch (step.kind) {
    case 'create-network':
      await createNetwork(parts, step.stack, step.network);
      break;
    case 'replace-network':
      if (desired !== undefined) await replaceNetwork(parts, desired, step);
      break;
    case 'create-volume': {
      const { name, driver, key, specDigest, labels, driverOptions } = step.volume;
      const own = resourceLabels(parts, 'volume', { stack: step.stack, key, specDigest, labels });
      await engine.createVolume({ name, driver, options: pairs(driverOptions), labels: own });
      record.remember({ kind: 'volume', id: name, stack: step.stack, key, specDigest });
      break;
    }
    case 'restore-content':
      await parts.restoreContents(step.stack);
      break;
    case 'remove-container':
      await stopContainer(parts, step.container.id, serviceOf(desired, step.service));
      await engine.removeContainer(step.container.id);
      record.forget('container', step.container.id);
      break;
    case 'remove-network':
      await engine.removeNetwork(step.id);
      record.forget('network', step.id);
      break;
    default:
      return;
  }
  tellDone(parts, step);
}
