import { createHmac } from 'node:crypto';
import { Severity } from '@mooring/proto';
import type { ApplyParts } from './apply/apply-parts.ts';
import { type Awaiting, awaitNoLonger, takeAwaited } from './apply/awaited.ts';
import type { OwnRecord } from './apply/ports.ts';
import { type Recovered, recover } from './apply/recover.ts';
import { CANONICAL_VERSION } from './canonical/fields.ts';
import type { Change, EngineDescription } from './observe/engine.ts';
import type { InspectedConfig } from './observe/inspected.ts';
import { type LookParts, look } from './observe/look.ts';
import type { ContentState, Observed, OwnContainer } from './observe/observed.ts';
import { takeBack } from './observe/take-back.ts';
import type { Desired, DesiredStack } from './plan/desired.ts';
import { desiredOf, isCurrent } from './plan/expectation.ts';
import { isPassingName } from './plan/kept-name.ts';
import { isFinished } from './plan/one-shot.ts';
import type { PlanInput } from './plan/plan.ts';
import { nameOf } from './plan/replica-name.ts';

/** What observing relies on beside what applying does. */
export interface ObserverParts {
  /** Looks at the contents that stacks mount. */
  readonly contents: (stacks: readonly DesiredStack[]) => ReadonlyMap<string, ContentState>;
  /** 32 bytes by which values that must not be shown are digested. */
  readonly maskKey: Uint8Array;
}

/** What planning takes beside desired, observed and its memory. */
export type Planning = Pick<PlanInput, 'paths' | 'receipt' | 'completion' | 'mask'>;

/** Signals that end what does not catch them: whoever sends one means to stop the container (signal(7)). */
const ENDING = /^(?:stop|kill (?:2|3|6|9|15))$/;
/** Digits of a masked value: enough to tell values of one host apart. */
const MASK_DIGITS = 12;

/** Looks at the engine, and keeps what can only be known at the right moment: receipts, one-shots that are done, who was stopped by hand. */
export class Observer {
  readonly planning: Planning;
  readonly #parts: ApplyParts & ObserverParts;
  readonly #awaiting: Awaiting = new Map();
  readonly #images = new Map<string, InspectedConfig>();
  #description: EngineDescription | undefined;

  constructor(parts: ApplyParts & ObserverParts) {
    this.#parts = parts;
    const { paths, receipts, completions, maskKey } = parts;
    this.planning = {
      paths,
      receipt: (container) => receipts.find(container),
      completion: (replica) => completions.find(replica),
      mask: (value) => createHmac('sha256', maskKey).update(value).digest('hex').slice(0, MASK_DIGITS),
    };
  }

  /** Finishes or undoes what an apply left that was cut off: of an earlier process, or of one that lost sight of a container. */
  recover(): Promise<Recovered> {
    return recover(this.#parts);
  }

  /** The next look asks the engine about itself again. */
  forgetDescription(): void {
    this.#description = undefined;
  }

  note(changes: readonly Change[]): void {
    const { record } = this.#parts;
    for (const { container, action } of changes) {
      if (!record.has('container', container)) continue;
      if (ENDING.test(action)) record.markStopped(container, true);
      if (action === 'start') record.markStopped(container, false);
    }
  }

  async look(desired: Desired): Promise<Observed> {
    const first = await this.#once(desired);
    const observed = this.#takeAwaited(first) ? await this.#once(desired) : first;
    if (this.#parts.record.isComplete || desired.generation === 0n) return this.#keep(desired, observed);
    const taken = takeBack(this.#parts.record, desired, { ...this.planning, observed });
    for (const { name } of taken) this.#tellTakenBack(name);
    return this.#keep(desired, taken.length === 0 ? observed : await this.#once(desired));
  }

  /** Whether something came that an apply which was cut off had asked for. */
  #takeAwaited(observed: Observed): boolean {
    const come = takeAwaited(this.#parts, observed);
    for (const name of come) this.#tellTakenBack(name);
    awaitNoLonger(this.#parts, this.#awaiting, observed.atMs);
    return come.length > 0;
  }

  /** Looks, and keeps nothing of it: what would be taken back is seen as it is. */
  glance(desired: Desired): Promise<Observed> {
    const { record } = this.#parts;
    const asItIs: OwnRecord = {
      isComplete: record.isComplete,
      completed: () => {},
      has: (kind, id) => record.has(kind, id),
      find: (kind, id) => record.find(kind, id),
      all: (kind) => record.all(kind),
      remember: () => {},
      forget: () => {},
      wasStopped: (container) => record.wasStopped(container),
      markStopped: () => {},
    };
    return this.#look(desired, { record: asItIs, takenBack: () => {} });
  }

  #once(desired: Desired): Promise<Observed> {
    return this.#look(desired, { record: this.#parts.record, takenBack: (name) => this.#tellTakenBack(name) });
  }

  async #look({ stacks }: Desired, notes: Pick<LookParts, 'record' | 'takenBack'>): Promise<Observed> {
    const { engine, fleetId, now, contents } = this.#parts;
    const observed = await look({
      engine,
      fleetId,
      now,
      ...notes,
      stacks,
      contents,
      images: this.#images,
      description: this.#description,
    });
    this.#description = observed.engine;
    return observed;
  }

  #keep(desired: Desired, observed: Observed): Observed {
    const { receipts, completions } = this.#parts;
    receipts.keepOnly(new Set([...observed.containers, ...observed.unknown].map(({ id }) => id)));
    completions.keepOnly(new Set(desired.stacks.map(({ stack }) => stack)));
    for (const container of observed.containers) {
      if (isPassingName(container.name)) continue;
      this.#keepReceipt(desired, observed, container);
      if (!isFinished(container)) continue;
      const { stack, service, replica, specDigest, exitCode, startedAtMs } = container;
      completions.remember({ stack, service, replica, specDigest }, { exitCode, startedAtMs });
    }
    return observed;
  }

  /**
   * Taken once: when a container is first seen after it was made, and anew when the engine or the rules have changed since. Only for containers that
   * satisfy what is desired, since the form that was asked for is part of it.
   */
  #keepReceipt({ stacks }: Desired, observed: Observed, container: OwnContainer): void {
    const { receipts } = this.#parts;
    const before = receipts.find(container.id);
    const { defaults } = observed.engine;
    if (before !== undefined && isCurrent(before, defaults)) return;
    const stack = stacks.find((one) => one.stack === container.stack);
    const service = stack?.bundle.services.find(({ name }) => name === container.service);
    const image = observed.images.get(container.imageId) ?? before?.image;
    if (stack === undefined || service?.specDigest !== container.specDigest || image === undefined) return;
    const wanted = { service, replica: container.replica, name: nameOf(stack, service, container.replica) };
    const desired = desiredOf({ desired: stack, wanted, container }, { ...this.planning, observed });
    receipts.put(container.id, {
      canonical: CANONICAL_VERSION,
      engine: defaults,
      desired,
      fields: container.fields,
      image,
    });
  }

  #tellTakenBack(name: string): void {
    this.#parts.tell({
      kind: 'object.taken-back',
      severity: Severity.SEVERITY_WARNING,
      object: name,
      message: `${name} is ours by its labels and was not on record; it is taken back`,
    });
  }
}
