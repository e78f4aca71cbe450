import { DependencyCondition, LABELS, MooringError, type Service, Severity } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';
import { Slots } from '../observe/slots.ts';
import type { DesiredStack } from '../plan/desired.ts';
import { isPassingName } from '../plan/kept-name.ts';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { awaitContainer, isSilence } from './awaited.ts';
import { failpoint } from './failpoint.ts';
import { untilCompleted, untilHealthy } from './healthy.ts';
import { makeContainer } from './make-container.ts';
import { NO_CONTAINER } from './ports.ts';
import { ReplacementGroups } from './replacement-groups.ts';
import { checkCancelled, tellDone } from './step-boundary.ts';
import { restartContainer, startContainer } from './stop-and-start.ts';
import { noteSatisfied, updateContainer } from './update-container.ts';

// Creating and starting at a time: more costs an engine more than it gains (measured with 10 and 50 containers).
const FEW_CONTAINERS = 16;
const AT_A_TIME_FEW = 4;
const AT_A_TIME_MANY = 8;

/** What becomes of the services of a stack. */
export interface ServicesWork {
  readonly desired: DesiredStack;
  readonly steps: readonly ContainerStep[];
  readonly signal: AbortSignal;
  /** Wait until what was created is healthy: something is removed afterwards. */
  readonly prove: boolean;
}

/** Every service begins as soon as what it depends on is far enough; at most a few containers are worked on at a time. */
export async function applyServices(parts: ApplyParts, work: ServicesWork): Promise<void> {
  const { desired, steps } = work;
  const slots = new Slots(steps.length <= FEW_CONTAINERS ? AT_A_TIME_FEW : AT_A_TIME_MANY);
  const started = new Map<string, PromiseWithResolvers<void>>();
  for (const { name } of desired.bundle.services) started.set(name, Promise.withResolvers<void>());
  const groups = new ReplacementGroups(parts, desired, steps);
  const all = desired.bundle.services.map(async (service) => {
    try {
      await applyService(parts, service, { ...work, slots, started, groups }).finally(() => groups.ended(service.name));
      started.get(service.name)?.resolve();
    } catch (error) {
      started.get(service.name)?.reject(error);
      throw error;
    }
  });
  // Nobody may wait for a service that failed; its own failure is thrown below.
  for (const { promise } of started.values()) promise.catch(() => undefined);
  const results = await Promise.allSettled(all);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  const cause =
    failures.find((error) => !(error instanceof MooringError && error.code === 'DEPENDENCY_FAILED')) ?? failures[0];
  if (cause !== undefined) throw cause;
}

interface ServiceWork extends ServicesWork {
  readonly slots: Slots;
  readonly started: ReadonlyMap<string, PromiseWithResolvers<void>>;
  readonly groups: ReplacementGroups;
}

/** Replicas side by side, or as many at a time as the service says; what one container needs, one after the other. */
async function applyService(parts: ApplyParts, service: Service, work: ServiceWork): Promise<void> {
  const own = work.steps.filter((step) => step.service.name === service.name);
  if (own.some(changesMore)) await untilDependenciesAllow(parts, service, work);
  const replicas = [...Map.groupBy(own, ({ name }) => name).values()];
  const perform = async (steps: readonly ContainerStep[]) => {
    for (const step of steps) await performContainer(parts, step, work);
  };
  const atATime = service.update?.parallelism ?? 0;
  if (atATime === 0) return await allOf(replicas.map(perform));
  const isReplaced = (steps: readonly ContainerStep[]) => steps.some(({ kind }) => kind === 'replace-container');
  // What is missing is made first: it helps to carry the load of those that are replaced.
  await allOf(replicas.filter((steps) => !isReplaced(steps)).map(perform));
  await inTurns(replicas.filter(isReplaced), atATime, perform);
}

/** A few at a time. The first failure ends it: the replicas that are left go on as they are. */
async function inTurns<T>(items: readonly T[], atATime: number, perform: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  let isFailed = false;
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !isFailed; next = waiting.shift()) {
      await perform(next).catch((error: unknown) => {
        isFailed = true;
        throw error;
      });
    }
  };
  await allOf(Array.from({ length: atATime }, lane));
}

/** Waits for all, and throws the first failure. */
async function allOf(tasks: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === 'rejected') throw result.reason;
}

/** What only changes limits or the record waits for nobody. */
function changesMore({ kind }: ContainerStep): boolean {
  return kind !== 'keep-container' && kind !== 'update-container' && kind !== 'unpause-container';
}

async function untilDependenciesAllow(parts: ApplyParts, service: Service, work: ServiceWork): Promise<void> {
  const { desired, started, signal } = work;
  for (const { service: name, condition, required } of service.dependsOn) {
    try {
      await started.get(name)?.promise;
      await untilCondition(parts, {
        stack: desired.stack,
        dependency: desired.bundle.services.find((one) => one.name === name),
        condition,
        signal,
      });
    } catch (cause) {
      if (cause instanceof MooringError && cause.code === 'APPLY_CANCELLED') throw cause;
      const reason = cause instanceof Error ? ` (${cause.message})` : '';
      if (!required) {
        tellSkipped(parts, {
          service,
          stack: desired.stack,
          message: `service ${name}, which it would like, is not ready${reason}`,
        });
        continue;
      }
      const wanted =
        condition === DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY
          ? 'one that completed'
          : 'a healthy dependency';
      throw new MooringError(
        'DEPENDENCY_FAILED',
        `Cannot start service ${service.name}: service ${name} is not ready${reason}; ${wanted} is wanted`,
        { cause },
      );
    }
  }
}

/** `required: false`: a warning, and it starts all the same. */
function tellSkipped(
  { tell }: ApplyParts,
  { service, stack, message }: { readonly service: Service; readonly stack: string; readonly message: string },
): void {
  const about = { stack, service: service.name, object: service.name, code: 'DEPENDENCY_FAILED' };
  tell({ ...about, kind: 'dependency.skipped', severity: Severity.SEVERITY_WARNING, message });
}

interface Condition {
  readonly stack: string;
  /** Undefined: the stack has no such service, so that there is nothing to wait for. */
  readonly dependency: Service | undefined;
  readonly condition: DependencyCondition;
  readonly signal: AbortSignal;
}

async function untilCondition(
  { engine, now, timers, completions }: ApplyParts,
  { stack, dependency, condition, signal }: Condition,
): Promise<void> {
  const waits = condition !== DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED;
  if (!waits || dependency === undefined || dependency.replicas === 0) return;
  const { name, specDigest } = dependency;
  const containers = await engine.listContainers();
  const own = containers.filter(
    (one) => one.labels[LABELS.stack] === stack && one.labels[LABELS.service] === name && !isPassingName(one.name),
  );
  if (condition === DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY) {
    await Promise.all(own.map(({ id }) => untilHealthy(engine, id, { signal, now, timers })));
    return;
  }
  if (own.length === 0 && completions.find({ stack, service: name, replica: 1, specDigest })?.exitCode === 0) return;
  await Promise.all(own.map(({ id }) => untilCompleted(engine, id, { signal, now, timers })));
}

async function performContainer(parts: ApplyParts, step: ContainerStep, work: ServiceWork): Promise<void> {
  const { signal, slots, desired, prove, groups } = work;
  checkCancelled(signal);
  const { engine, now, timers } = parts;
  switch (step.kind) {
    case 'create-container': {
      const id = await slots.run(() => create(parts, desired, { step, signal }));
      if (prove) await untilHealthy(engine, id, { signal, now, timers });
      break;
    }
    case 'replace-container':
      await groups.replace(step, signal);
      break;
    case 'update-container':
      await unlessChanged(parts, step.container, () => updateContainer(parts, step));
      break;
    case 'keep-container':
      await noteSatisfied(parts, step);
      break;
    case 'start-container':
      await slots.run(() =>
        unlessChanged(parts, step.container, () => startContainer(parts, step.container.id, step.service)),
      );
      break;
    case 'restart-container':
      await slots.run(() =>
        unlessChanged(parts, step.container, () => restartContainer(parts, step.container.id, step.service)),
      );
      break;
    case 'unpause-container':
      await unlessChanged(parts, step.container, () => engine.unpauseContainer(step.container.id));
      break;
  }
  tellDone(parts, step);
}

/** Somebody else may be at the same container, such as one who removes it: then the plan is out of date, and nothing has failed. */
async function unlessChanged(
  { engine }: ApplyParts,
  { id, name, status }: OwnContainer,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (cause) {
    // It is nobody else's doing.
    if (cause instanceof MooringError && cause.code === 'HOOK_FAILED') throw cause;
    const now = await engine.inspectContainer(id);
    if (now !== undefined && (now.status === status || now.status === 'created')) throw cause;
    const message = `Cannot go on with container ${name}: it became ${now?.status ?? 'absent'} meanwhile; a new plan is wanted`;
    throw new MooringError('APPLY_CANCELLED', message, { cause });
  }
}

interface Creation {
  readonly step: Extract<ContainerStep, { kind: 'create-container' }>;
  readonly signal: AbortSignal;
}

/** Journalled: a container that was created and not written down would be nobody's. */
async function create(parts: ApplyParts, desired: DesiredStack, { step, signal }: Creation): Promise<string> {
  checkCancelled(signal);
  const { journal } = parts;
  const { service, replica, name, stack } = step;
  const entry = { kind: step.kind, stage: 'begun', stack, service: service.name, replica, name };
  const written = journal.begin({ ...NO_CONTAINER, ...entry });
  failpoint('create.begun');
  try {
    const id = await makeContainer(parts, desired, { step });
    failpoint('create.recorded');
    await startOrRemove(parts, id, service);
    failpoint('create.started');
    return id;
  } catch (error) {
    if (isSilence(error)) awaitContainer(parts, entry, name);
    throw error;
  } finally {
    journal.finish(written);
  }
}

/** A container that cannot start at all is not left behind: the next try makes it anew. One of which nobody knows may run. */
async function startOrRemove(parts: ApplyParts, id: string, service: Service): Promise<void> {
  const { engine, record } = parts;
  try {
    await startContainer(parts, id, service);
  } catch (error) {
    if (isSilence(error)) throw error;
    await engine.removeContainer(id);
    record.forget('container', id);
    throw error;
  }
}
