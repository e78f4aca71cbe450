import { ContainerSpec, driftKindToJSON, MooringError, type PlannedStep, type Service } from '@mooring/proto';
import type { ApplyParts } from './apply/apply-parts.ts';
import { Memory } from './memory.ts';
import { look } from './observe/look.ts';
import type { Observed, OwnContainer } from './observe/observed.ts';
import type { Desired, DesiredStack } from './plan/desired.ts';
import { plan, type StackPlan } from './plan/plan.ts';
import type { Answers } from './report/answers.ts';
import { plannedStep } from './report/planned-step.ts';

/** What answering from the engine relies on. */
export interface AnswerParts extends Pick<ApplyParts, 'engine' | 'fleetId' | 'record' | 'now'> {
  /** What the host runs by, as the last pass was asked for. */
  readonly desired: () => Desired;
  /** The bundle of each stack that was applied whole. */
  readonly applied: () => ReadonlyMap<string, string>;
}

/** Answers with the planner that applies, against what is on the engine now. Only looks: neither engine nor record nor memory is changed. */
export class AnswerFromEngine implements Answers {
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  async plan(wanted: {
    stacks: readonly DesiredStack[];
    removals: readonly string[];
  }): Promise<readonly PlannedStep[]> {
    const desired = { ...this.#parts.desired(), ...wanted };
    const { stacks } = this.#planned(desired, await this.#look(desired));
    return stacks.flatMap(({ steps }) => steps.map(plannedStep));
  }

  async explain(stack: string, service: string): Promise<string> {
    const desired = this.#parts.desired();
    const wanted = desired.stacks.find((each) => each.stack === stack);
    const spec = wanted?.bundle.services.find(({ name }) => name === service);
    const observed = await this.#look(desired);
    const containers = observed.containers.filter((own) => own.stack === stack && own.service === service);
    if (spec === undefined && containers.length === 0) {
      const message = `Cannot explain ${stack}/${service}: the host neither should run it nor does; a service of the host is wanted`;
      throw new MooringError('NOT_FOUND', message, { hint: '`mooring host HOST` lists its services.' });
    }
    const planned = this.#planned(desired, observed).stacks.find((each) => each.stack === stack);
    return JSON.stringify({
      stack,
      service,
      ...verdictOf(service, planned),
      desired: spec === undefined ? null : desiredJson(spec),
      observed: containers.map(observedJson),
    });
  }

  #look(desired: Desired): Promise<Observed> {
    const { engine, fleetId, record, now } = this.#parts;
    const specs = desired.stacks.flatMap(({ bundle }) => bundle.services.map(({ specDigest }) => specDigest));
    return look({
      engine,
      fleetId,
      now,
      knownSpecs: new Set(specs),
      description: undefined,
      // What would be taken back is seen as ours, and stays as it is until a pass takes it back.
      record: {
        has: (kind, id) => record.has(kind, id),
        all: (kind) => record.all(kind),
        remember: () => undefined,
        forget: () => undefined,
      },
      takenBack: () => undefined,
    });
  }

  #planned(desired: Desired, observed: Observed) {
    const memory = new Memory();
    for (const [stack, bundle] of this.#parts.applied()) memory.applied.set(stack, bundle);
    return plan({ desired, observed, memory, nowMs: this.#parts.now() });
  }
}

/** One word, and the sentences that go with it. */
function verdictOf(service: string, planned: StackPlan | undefined) {
  const steps = (planned?.steps ?? []).map(plannedStep).filter((step) => step.service === service);
  const drift = (planned?.drift ?? []).filter((each) => each.service === service);
  const [first] = drift;
  const kind = first === undefined ? undefined : driftKindToJSON(first.kind).replace('DRIFT_KIND_', '').toLowerCase();
  const verdict = kind ?? (steps.length === 0 ? 'synced' : 'changed');
  return {
    verdict,
    drift: drift.map(({ name, field, desired, observed }) => ({ name, field, desired, observed })),
    steps: steps.map(({ sentence }) => sentence),
  };
}

function desiredJson({ specDigest, replicas, container }: Service) {
  if (container === undefined) return { specDigest, replicas };
  // Values of the environment never leave the host: that one is set is enough.
  const environment = container.environment.map(({ name }) => ({ name, value: 'set' }));
  return { specDigest, replicas, container: ContainerSpec.toJSON({ ...container, environment }) };
}

function observedJson(container: OwnContainer) {
  const { id, name, replica, status, health, image, imageId, specDigest, restartPolicy, ports, restarts } = container;
  return { id, name, replica, status, health, image, imageId, specDigest, restartPolicy, restarts, ports };
}
