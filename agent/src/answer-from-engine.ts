import { ContainerSpec, driftKindToJSON, MooringError, type PlannedStep, type Service } from '@mooring/proto';
import { attributeOf, type Fields } from './canonical/fields.ts';
import { imageReference } from './canonical/spellings.ts';
import { Memory } from './memory.ts';
import type { Observed, OwnContainer } from './observe/observed.ts';
import type { Observer } from './observer.ts';
import type { Desired, DesiredStack } from './plan/desired.ts';
import { judge } from './plan/expectation.ts';
import { isPassingName } from './plan/kept-name.ts';
import { movedImage } from './plan/moved-image.ts';
import { plan, type StackPlan } from './plan/plan.ts';
import { nameOf } from './plan/replica-name.ts';
import type { Answers } from './report/answers.ts';
import { plannedStep } from './report/planned-step.ts';

/** What answering from the engine relies on. */
export interface AnswerParts {
  readonly observer: Observer;
  /** What the host runs by, as the last pass was asked for. */
  readonly desired: () => Desired;
  /** Of the passes: which stacks were applied whole. */
  readonly memory: Pick<Memory, 'applied'>;
  readonly now: () => number;
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
    const { stacks } = this.#planned(desired, await this.#parts.observer.glance(desired));
    // A plan without what nobody knows would read as if nothing happened to it.
    const unknown = stacks.flatMap((each) => each.unknown)[0];
    if (unknown !== undefined) throw unknown.error;
    const refusal = stacks.flatMap((each) => each.refusal ?? [])[0];
    if (refusal !== undefined) throw refusal;
    return stacks.flatMap(({ steps }) => steps.map(plannedStep));
  }

  async explain(stack: string, service: string): Promise<string> {
    const desired = this.#parts.desired();
    const wanted = desired.stacks.find((each) => each.stack === stack);
    const spec = wanted?.bundle.services.find(({ name }) => name === service);
    const observed = await this.#parts.observer.glance(desired);
    const containers = observed.containers.filter((own) => own.stack === stack && own.service === service);
    const unknown = observed.unknown.find((own) => own.stack === stack && own.service === service);
    if (unknown !== undefined) throw unknown.error;
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
      containers: containers.map((container) => this.#explained(container, { stack: wanted, spec, observed })),
    });
  }

  /** One container: what it is, what it should be in the same form, what it was like when it was started, and what differs. */
  #explained(
    container: OwnContainer,
    { stack, spec, observed }: { stack: DesiredStack | undefined; spec: Service | undefined; observed: Observed },
  ) {
    const { planning } = this.#parts.observer;
    const shown = (fields: Fields | undefined) => (fields === undefined ? null : this.#shown(fields));
    const receipt = shown(planning.receipt(container.id)?.fields);
    const about = { ...observedJson(container), observed: shown(container.fields), receipt };
    if (stack === undefined || spec === undefined || isPassingName(container.name)) return { ...about, desired: null };
    const wanted = { service: spec, replica: container.replica, name: nameOf(stack, spec, container.replica) };
    const verdict = judge({ desired: stack, wanted, container }, { ...planning, observed });
    const moved = movedImage(wanted, container, observed);
    return {
      ...about,
      desired: shown(verdict.desired),
      differs: verdict.differences.map(({ path }) => path),
      specificationChanged: container.specDigest !== spec.specDigest,
      imageMoved: moved === undefined ? null : { wanted: moved.to, running: moved.from },
      imageChanged: imageReference(container.image) !== imageReference(spec.container?.image ?? ''),
    };
  }

  /** Values of the environment never leave the host: equal ones have equal digests. */
  #shown(fields: Fields): Readonly<Record<string, string>> {
    const { mask } = this.#parts.observer.planning;
    const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      sorted.map(([path, text]) => [path, attributeOf(path) === 'environment' ? `a value (${mask(text)})` : text]),
    );
  }

  #planned(desired: Desired, observed: Observed) {
    const memory = new Memory();
    for (const [stack, bundle] of this.#parts.memory.applied) memory.applied.set(stack, bundle);
    return plan({ ...this.#parts.observer.planning, desired, observed, memory, nowMs: this.#parts.now() });
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
  const { id, name, replica, status, health, image, imageId, specDigest, restarts, stoppedByHand } = container;
  return { id, name, replica, status, health, image, imageId, specDigest, restarts, stoppedByHand };
}
