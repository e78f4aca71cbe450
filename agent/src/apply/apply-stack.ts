import { DependencyCondition, LABELS, MooringError, PullPolicy, type Service, Severity } from '@mooring/proto';
import { Slots } from '../observe/slots.ts';
import type { DesiredStack } from '../plan/desired.ts';
import type { StackPlan } from '../plan/plan.ts';
import { type ContainerStep, describe, isContainerStep, type Step } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { untilHealthy } from './healthy.ts';
import { composeResourceLabels, makeContainer } from './make-container.ts';
import { replaceContainer } from './replace.ts';

// Creating and starting at a time: more costs an engine more than it gains (measured with 10 and 50 containers).
const FEW_CONTAINERS = 16;
const AT_A_TIME_FEW = 4;
const AT_A_TIME_MANY = 8;

/**
 * Performs the steps of one stack: pulls everything first, then networks and volumes, then services as their dependencies allow, then removals.
 * Throws the first failure after everything that did not depend on it is done; a failed pull stops the stack before anything is touched.
 */
export async function applyStack(parts: ApplyParts, plan: StackPlan, signal: AbortSignal): Promise<void> {
  const { desired } = plan;
  if (desired !== undefined) await pullImages(parts, plan.steps.filter(isContainerStep));
  const before = plan.steps.filter((step) => !isContainerStep(step) && !isLate(step, plan.steps));
  await performInOrder(parts, before, signal);
  if (desired !== undefined) await applyServices(parts, { desired, steps: plan.steps.filter(isContainerStep), signal });
  const late = plan.steps.filter((step) => isLate(step, plan.steps));
  await performInOrder(parts, late, signal);
}

/** Removals that follow the creations in the plan. */
function isLate(step: Step, steps: readonly Step[]): boolean {
  const lastCreation = steps.findLastIndex(isContainerStep);
  return step.kind.startsWith('remove-') && steps.indexOf(step) > lastCreation;
}

/** Steps of one kind next to each other do not depend on each other. */
async function performInOrder(parts: ApplyParts, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  for (let first = 0; first < steps.length; ) {
    const kind = steps[first]?.kind;
    const after = steps.findIndex((step, index) => index > first && step.kind !== kind);
    const last = after === -1 ? steps.length : after;
    await Promise.all(steps.slice(first, last).map((step) => performPlain(parts, step, signal)));
    first = last;
  }
}

async function pullImages({ engine, tell }: ApplyParts, steps: readonly ContainerStep[]): Promise<void> {
  const creating = steps.filter(({ kind }) => kind === 'create-container' || kind === 'replace-container');
  const services = new Map(creating.map(({ service }) => [service.container?.image ?? '', service]));
  await Promise.all(
    [...services].map(async ([image, { pullPolicy, name }]) => {
      if (pullPolicy !== PullPolicy.PULL_POLICY_ALWAYS && (await engine.hasImage(image))) return;
      if (pullPolicy === PullPolicy.PULL_POLICY_NEVER) {
        throw new MooringError(
          'IMAGE_NOT_FOUND',
          `Cannot create service ${name}: image ${image} is not on the host, and pulling it is not allowed; the image is wanted`,
        );
      }
      await engine.pullImage(image);
      tell({
        kind: 'image.pulled',
        severity: Severity.SEVERITY_INFO,
        service: name,
        object: image,
        message: `pulled image ${image}`,
      });
    }),
  );
}

async function performPlain(parts: ApplyParts, step: Step, signal: AbortSignal): Promise<void> {
  checkCancelled(signal);
  const { engine, record } = parts;
  switch (step.kind) {
    case 'create-network': {
      const { name, driver, internal, key, specDigest, labels } = step.network;
      const id = await engine.createNetwork({
        name,
        driver,
        internal,
        labels: resourceLabels(parts, 'network', { stack: step.stack, key, specDigest, labels }),
      });
      record.remember({ kind: 'network', id, stack: step.stack, key, specDigest });
      break;
    }
    case 'create-volume': {
      const { name, driver, key, specDigest, labels } = step.volume;
      await engine.createVolume({
        name,
        driver,
        labels: resourceLabels(parts, 'volume', { stack: step.stack, key, specDigest, labels }),
      });
      record.remember({ kind: 'volume', id: name, stack: step.stack, key, specDigest });
      break;
    }
    case 'remove-container':
      await engine.stopContainer(step.container.id);
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

interface Resource {
  readonly stack: string;
  readonly key: string;
  readonly specDigest: string;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
}

function resourceLabels(
  { fleetId }: ApplyParts,
  kind: 'network' | 'volume',
  resource: Resource,
): Record<string, string> {
  const { stack, key, specDigest, labels } = resource;
  return {
    ...Object.fromEntries(labels.map(({ name, value }) => [name, value])),
    ...composeResourceLabels(kind, stack, key),
    [LABELS.fleet]: fleetId,
    [LABELS.stack]: stack,
    [LABELS.key]: key,
    [LABELS.spec]: specDigest,
  };
}

interface ServicesWork {
  readonly desired: DesiredStack;
  readonly steps: readonly ContainerStep[];
  readonly signal: AbortSignal;
}

/** Every service begins as soon as what it depends on is far enough; at most a few containers are worked on at a time. */
async function applyServices(parts: ApplyParts, { desired, steps, signal }: ServicesWork): Promise<void> {
  const slots = new Slots(steps.length <= FEW_CONTAINERS ? AT_A_TIME_FEW : AT_A_TIME_MANY);
  const started = new Map<string, PromiseWithResolvers<void>>();
  for (const { name } of desired.bundle.services) started.set(name, Promise.withResolvers<void>());
  const work = desired.bundle.services.map(async (service) => {
    const own = steps.filter((step) => step.service.name === service.name);
    try {
      if (own.length > 0) await untilDependenciesAllow(parts, { desired, service, started, signal });
      await Promise.all(own.map((step) => performContainer(parts, desired, { step, signal, slots })));
      started.get(service.name)?.resolve();
    } catch (error) {
      started.get(service.name)?.reject(error);
      throw error;
    }
  });
  // Nobody may wait for a service that failed; its own failure is thrown below.
  for (const { promise } of started.values()) promise.catch(() => undefined);
  const results = await Promise.allSettled(work);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  const cause =
    failures.find((error) => !(error instanceof MooringError && error.code === 'DEPENDENCY_FAILED')) ?? failures[0];
  if (cause !== undefined) throw cause;
}

interface DependencyWait {
  readonly desired: DesiredStack;
  readonly service: Service;
  readonly started: ReadonlyMap<string, PromiseWithResolvers<void>>;
  readonly signal: AbortSignal;
}

async function untilDependenciesAllow(
  parts: ApplyParts,
  { desired, service, started, signal }: DependencyWait,
): Promise<void> {
  for (const { service: name, condition, required } of service.dependsOn) {
    try {
      await started.get(name)?.promise;
      if (condition === DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY)
        await untilServiceHealthy(parts, { stack: desired.stack, name, signal });
    } catch (cause) {
      if (cause instanceof MooringError && cause.code === 'APPLY_CANCELLED') throw cause;
      if (!required) continue;
      throw new MooringError(
        'DEPENDENCY_FAILED',
        `Cannot start service ${service.name}: service ${name} is not ready; a healthy dependency is wanted`,
        { cause },
      );
    }
  }
}

async function untilServiceHealthy(
  { engine, now }: ApplyParts,
  { stack, name, signal }: { stack: string; name: string; signal: AbortSignal },
): Promise<void> {
  const containers = await engine.listContainers();
  const own = containers.filter(({ labels }) => labels[LABELS.stack] === stack && labels[LABELS.service] === name);
  await Promise.all(own.map(({ id }) => untilHealthy(engine, id, { signal, now })));
}

interface ContainerWork {
  readonly step: ContainerStep;
  readonly signal: AbortSignal;
  readonly slots: Slots;
}

async function performContainer(parts: ApplyParts, desired: DesiredStack, work: ContainerWork): Promise<void> {
  const { step, signal, slots } = work;
  checkCancelled(signal);
  const { engine } = parts;
  switch (step.kind) {
    case 'create-container':
      await slots.run(async () => {
        checkCancelled(signal);
        await startOrRemove(parts, await makeContainer(parts, desired, { step }));
      });
      break;
    case 'replace-container':
      await replaceContainer(parts, desired, { step, signal });
      break;
    case 'start-container':
      await slots.run(() => engine.startContainer(step.container.id));
      break;
    case 'unpause-container':
      await engine.unpauseContainer(step.container.id);
      break;
  }
  tellDone(parts, step);
}

/** A container that cannot start at all is not left behind: the next try makes it anew. */
async function startOrRemove({ engine, record }: ApplyParts, id: string): Promise<void> {
  try {
    await engine.startContainer(id);
  } catch (error) {
    await engine.removeContainer(id);
    record.forget('container', id);
    throw error;
  }
}

const KINDS: Readonly<Record<Step['kind'], string>> = {
  'create-network': 'network.created',
  'create-volume': 'volume.created',
  'create-container': 'container.created',
  'replace-container': 'container.replaced',
  'start-container': 'container.started',
  'unpause-container': 'container.unpaused',
  'remove-container': 'container.removed',
  'remove-network': 'network.removed',
};

function tellDone({ tell }: ApplyParts, step: Step): void {
  const service = isContainerStep(step) ? step.service.name : '';
  tell({
    kind: KINDS[step.kind],
    severity: Severity.SEVERITY_INFO,
    stack: step.stack,
    service,
    object: objectOf(step),
    message: describe(step),
  });
}

function objectOf(step: Step): string {
  switch (step.kind) {
    case 'create-network':
      return step.network.name;
    case 'create-volume':
      return step.volume.name;
    case 'remove-container':
      return step.container.name;
    default:
      return step.name;
  }
}

function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted)
    throw new MooringError(
      'APPLY_CANCELLED',
      'Cannot finish the change: a newer assignment came; it is applied instead',
    );
}
