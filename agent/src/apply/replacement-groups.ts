import { MooringError, Severity } from '@mooring/proto';
import type { DesiredStack } from '../plan/desired.ts';
import { newName } from '../plan/kept-name.ts';
import { namespaceGroups, type ReplaceStep } from '../plan/namespace-groups.ts';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { awaitContainer, isSilence } from './awaited.ts';
import { bringBack, keepNew, PROVEN, restoreRefused } from './exchange.ts';
import { failpoint } from './failpoint.ts';
import { Replacement } from './replace.ts';

/** The replacements of one apply: those that share namespaces stand or fall together, every other one by itself. */
export class ReplacementGroups {
  readonly #groups: readonly ReplacementGroup[];

  constructor(parts: ApplyParts, desired: DesiredStack, steps: readonly ContainerStep[]) {
    this.#groups = namespaceGroups(steps).map((group) => new ReplacementGroup(parts, desired, group));
  }

  /**
   * Replaces a container. When it is the last of its group the old ones are removed. On failure the old ones of the whole group are back under their
   * names and at work, the one whose namespaces are shared first, and the error says why.
   */
  async replace(step: ReplaceStep, signal: AbortSignal): Promise<void> {
    await this.#groups.find((group) => group.has(step))?.replace(step, signal);
  }

  /** Nothing more is done for a service: a replacement that did not begin by now never will, and its group goes back. */
  async ended(service: string): Promise<void> {
    for (const group of this.#groups) await group.ended(service);
  }
}

/** How a group came back. */
interface BroughtBack {
  readonly failure: unknown;
  readonly refusal: MooringError | undefined;
  /** Some container of the group was stopped. */
  readonly wereStopped: boolean;
}

type Member = 'waiting' | 'busy' | 'proven' | 'failed';

class ReplacementGroup {
  readonly #parts: ApplyParts;
  readonly #desired: DesiredStack;
  readonly #members: Map<ReplaceStep, Member>;
  readonly #stop = new AbortController();
  #replacements: ReadonlyMap<ReplaceStep, Replacement> | undefined;
  #failure: unknown;
  #isOver = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(parts: ApplyParts, desired: DesiredStack, steps: readonly ReplaceStep[]) {
    this.#parts = parts;
    this.#desired = desired;
    this.#members = new Map(steps.map((step) => [step, 'waiting']));
  }

  has(step: ReplaceStep): boolean {
    return this.#members.has(step);
  }

  async replace(step: ReplaceStep, signal: AbortSignal): Promise<void> {
    if (this.#failure !== undefined) throw this.#notAlone(step);
    this.#members.set(step, 'busy');
    const replacement = this.#begun().get(step);
    try {
      await replacement?.perform(this.#desired, AbortSignal.any([signal, this.#stop.signal]));
      this.#members.set(step, 'proven');
    } catch (error) {
      this.#members.set(step, 'failed');
      this.#fail(error);
    }
    await this.#conclude();
    // Another of the group may still be at it: what became of all of them is what is told.
    if (this.#failure !== undefined) await this.#over.promise;
    if (this.#members.get(step) === 'failed') throw this.#failure;
    if (this.#failure !== undefined) throw this.#notAlone(step);
    if (!this.#isOver) failpoint('group.held');
  }

  async ended(service: string): Promise<void> {
    const left = [...this.#members].some(([step, state]) => state === 'waiting' && step.service.name === service);
    if (!left || this.#isOver) return;
    this.#fail(cancelled(service));
    await this.#conclude();
  }

  /** All are in the journal before the first is touched: whoever recovers knows the group. */
  #begun(): ReadonlyMap<ReplaceStep, Replacement> {
    const steps = [...this.#members.keys()];
    const group = steps.length > 1 ? (steps[0]?.name ?? '') : '';
    this.#replacements ??= new Map(steps.map((step) => [step, new Replacement(this.#parts, step, group)]));
    return this.#replacements;
  }

  /** The others need not be waited for: nothing of the group stays. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stop.abort();
  }

  /** Once: when all are proven, or when one failed and none is in the middle of something. */
  async #conclude(): Promise<void> {
    const states = [...this.#members.values()];
    const isOpen = states.includes('busy') || (this.#failure === undefined && states.includes('waiting'));
    if (isOpen || this.#isOver) return;
    this.#isOver = true;
    const replacements = [...(this.#replacements?.values() ?? [])];
    const entries = replacements.map(({ entry }) => entry);
    try {
      if (this.#failure === undefined) await keepNew(this.#parts, entries);
      // What was proven beside the old one is finished by the next pass, as after a crash.
      else if (!entries.some(({ stage }) => stage === PROVEN)) await this.#goBack(replacements);
    } finally {
      this.#over.resolve();
    }
  }

  async #goBack(replacements: readonly Replacement[]): Promise<void> {
    const refused = await bringBack(
      this.#parts,
      replacements.map(({ entry }) => entry),
    );
    const failure = this.#failure;
    const wereStopped = replacements.some(({ stoppedAtMs }) => stoppedAtMs > 0);
    for (const replacement of replacements) {
      const refusal = refused.get(replacement.entry);
      this.#tellBack(replacement, { failure, refusal, wereStopped });
      const { entry, step } = replacement;
      if (entry.newId === '' && isSilence(failure)) awaitContainer(this.#parts, entry, newName(step.name, step.old.id));
      if (refusal !== undefined) this.#failure = restoreRefused(replacement.entry, refusal, failure);
    }
  }

  #tellBack({ step, stoppedAtMs }: Replacement, { failure, refusal, wereStopped }: BroughtBack): void {
    const { tell, now } = this.#parts;
    const code = failure instanceof MooringError ? failure.code : 'ENGINE_ERROR';
    const reason = failure instanceof Error ? failure.message : String(failure);
    const about = {
      severity: Severity.SEVERITY_ERROR,
      stack: step.stack,
      service: step.service.name,
      object: step.name,
    };
    if (refusal !== undefined) {
      const message = `the old container ${step.name} could not be put back: ${refusal.message}; the change had failed: ${reason}`;
      tell({ ...about, kind: 'container.not-restored', code: 'RESTORE_REFUSED', message });
      return;
    }
    const seconds = ((now() - stoppedAtMs) / 1000).toFixed(1);
    const untouched = wereStopped ? 'was restarted with the one whose namespaces it shares' : 'was never stopped';
    const what = stoppedAtMs === 0 ? untouched : `is back after ${seconds} s without it`;
    tell({ ...about, kind: 'container.restored', code, message: `the old container ${step.name} ${what}: ${reason}` });
  }

  #notAlone({ name }: ReplaceStep): MooringError {
    const said = this.#failure instanceof Error ? this.#failure.message : String(this.#failure);
    const message = `Cannot replace container ${name}: one that it shares namespaces with could not be replaced (${said}); all of them together are wanted`;
    return new MooringError('DEPENDENCY_FAILED', message, { cause: this.#failure });
  }
}

function cancelled(service: string): MooringError {
  const message = `Cannot finish the change: service ${service}, which shares namespaces with what was replaced, was not reached; all of them together are wanted`;
  return new MooringError('DEPENDENCY_FAILED', message);
}
