import {
  type Drift,
  DriftAction,
  DriftKind,
  type Engine as EngineMessage,
  MAX_UNMANAGED_NAMES,
  MooringError,
  type Problem,
  Severity,
  type StackState,
  SyncState,
} from '@mooring/proto';
import { AnswerFromEngine } from './answer-from-engine.ts';
import type { ApplyParts } from './apply/apply-parts.ts';
import { applyStack } from './apply/apply-stack.ts';
import { Memory } from './memory.ts';
import type { Change } from './observe/engine.ts';
import type { Observed } from './observe/observed.ts';
import { Observer, type ObserverParts } from './observer.ts';
import type { Desired } from './plan/desired.ts';
import { type Plan, plan, type StackPlan } from './plan/plan.ts';
import { waitReason } from './plan/wait-reason.ts';
import type { Answers } from './report/answers.ts';
import { assessStack, nextHealthyAtMs, type StackFacts } from './report/assess.ts';
import { strayStacks } from './report/stray-stacks.ts';

/** Milliseconds until a container that the engine could not be asked about is asked about again; an answer that comes before is told by the engine. */
const ASK_AGAIN_MS = 15_000;

/** Milliseconds until a stack goes on whose turn has come. */
const GO_ON_MS = 100;

/** What a look, or a whole reconciliation, came to. */
export interface Assessment {
  readonly engine: EngineMessage;
  readonly unmanagedCount: number;
  readonly unmanaged: readonly string[];
  /** Sorted by stack; stacks that are being removed are among them. */
  readonly stacks: readonly StackState[];
  /** Ours by label and record, and asked for by nobody. */
  readonly strays: readonly StackState[];
  /** Removals that are done. */
  readonly removedStacks: readonly string[];
  /** True when nothing was left to do. */
  readonly settled: boolean;
  readonly observedAtMs: number;
  /** Unix milliseconds when it is worth looking again without an event; 0: no such time. */
  readonly wakeAtMs: number;
}

/** Brings the engine to what is desired, and says how it is. */
export interface Reconciler {
  /** Observes, plans, applies, observes again. `progress` hears how things are before and after. Throws ENGINE_UNREACHABLE, ENGINE_UNRESPONSIVE. */
  reconcile(
    desired: Desired,
    options: { signal: AbortSignal; progress?: (assessment: Assessment) => void },
  ): Promise<Assessment>;
  /** Takes note of what happened on the engine: who was stopped by hand. */
  note(changes: readonly Change[]): void;
  /** Removes every container and network of ours; volumes and data stay. */
  removeAll(): Promise<void>;
  /** What it would do, and why; at any time, also while it reconciles. */
  readonly answers: Answers;
}

/** What reconciling relies on. */
export type ReconcilerParts = ApplyParts & ObserverParts;

/** Makes a reconciler; what an earlier one left unfinished is finished or undone at its first reconciliation. */
export function createReconciler(parts: ReconcilerParts): Reconciler {
  return new EngineReconciler(parts);
}

class EngineReconciler implements Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #memory: Memory;
  readonly #observer: Observer;
  #desired: Desired;
  readonly answers: Answers;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#memory = new Memory(parts.timers?.chance);
    this.#observer = new Observer(parts);
    this.#desired = { fleetId: parts.fleetId, generation: 0n, stacks: [], removals: [] };
    this.answers = new AnswerFromEngine({
      observer: this.#observer,
      now: parts.now,
      desired: () => this.#desired,
      memory: this.#memory,
    });
  }

  async reconcile(
    desired: Desired,
    { signal, progress }: { signal: AbortSignal; progress?: (assessment: Assessment) => void },
  ): Promise<Assessment> {
    const { now } = this.#parts;
    this.#desired = desired;
    const { cutOff, refused, postponed } = await this.#observer.recover();
    this.#noteRefused(desired, refused);
    const observed = await this.#observer.look(desired);
    this.#memory.noteRunning(desired, observed, cutOff);
    const before = this.#plan(desired, observed);
    const waits = this.#waits(before, observed);
    const due = before.stacks.filter(
      ({ stack, steps, notBeforeMs }) =>
        steps.length > 0 && notBeforeMs <= now() && !postponed.has(stack) && !waits.has(stack),
    );
    this.#noteTooOld(before);
    this.#tellDrift(before);
    if (due.length === 0) return this.#settle(desired, before, observed);
    progress?.(this.#assess(before, observed, new Set(due.map(({ stack }) => stack))));
    await Promise.all(due.map((stackPlan) => this.#apply(stackPlan, signal)));
    const after = await this.#observer.look(desired);
    const final = this.#plan(desired, after);
    for (const stackPlan of due) this.#distrust(stackPlan, final);
    return this.#settle(desired, final, after);
  }

  note(changes: readonly Change[]): void {
    this.#observer.note(changes);
  }

  async removeAll(): Promise<void> {
    const { engine, record } = this.#parts;
    await Promise.all(
      record.all('container').map(async ({ id }) => {
        await engine.stopContainer(id);
        await engine.removeContainer(id);
        record.forget('container', id);
      }),
    );
    for (const { id } of record.all('network')) {
      await engine.removeNetwork(id);
      record.forget('network', id);
    }
  }

  #plan(desired: Desired, observed: Observed): Plan {
    return plan({ ...this.#observer.planning, desired, observed, memory: this.#memory, nowMs: this.#parts.now() });
  }

  /** Why each stack that waits for others does; what was applied once is healed whatever the others are like. */
  #waits({ stacks }: Plan, observed: Observed): ReadonlyMap<string, string> {
    const desired = stacks.flatMap((one) => one.desired ?? []);
    const state = (stack: string) => {
      const planned = stacks.find((one) => one.stack === stack && one.desired !== undefined);
      return planned === undefined ? undefined : assessStack(planned, observed, this.#facts(planned));
    };
    return new Map(
      stacks.flatMap(({ stack, desired: own, steps }) => {
        if (own === undefined || steps.length === 0 || this.#memory.applied.get(stack) === own.bundleObject) return [];
        const reason = waitReason(own, { desired, observed, state });
        return reason === undefined ? [] : [[stack, reason] as const];
      }),
    );
  }

  #facts({ stack, desired }: StackPlan): StackFacts {
    return {
      applying: false,
      waits: '',
      problem: this.#memory.problem(stack, desired?.bundleObject ?? ''),
      appliedAtMs: this.#memory.appliedAtMs(stack),
      lastHealthyBundle: this.#memory.lastHealthyBundle(stack),
      completion: this.#observer.planning.completion,
    };
  }

  async #apply(stackPlan: StackPlan, signal: AbortSignal): Promise<void> {
    const { tell, now } = this.#parts;
    const { stack, desired } = stackPlan;
    try {
      await applyStack(this.#parts, stackPlan, signal);
      this.#memory.applied.set(stack, desired?.bundleObject ?? '');
      this.#memory.succeeded(stack, now());
      tell({
        kind: 'apply.succeeded',
        severity: Severity.SEVERITY_INFO,
        stack,
        message: `stack ${stack} is applied: ${stackPlan.steps.length} ${stackPlan.steps.length === 1 ? 'step' : 'steps'}`,
        commit: desired?.commit ?? '',
        generation: desired?.generation ?? 0n,
      });
    } catch (error) {
      this.#failed(stackPlan, error);
    }
  }

  /** What could be neither finished nor undone after a crash is the state of its stack, and no reason not to look at the others. */
  #noteRefused({ stacks }: Desired, refused: ReadonlyMap<string, MooringError>): void {
    for (const [stack, error] of refused)
      this.#failed({ stack, desired: stacks.find((one) => one.stack === stack) }, error);
  }

  /** What the engine cannot run is told once for each bundle, and is the state of its stack until it can. */
  #noteTooOld({ stacks }: Plan): void {
    for (const each of stacks) {
      const known = this.#memory.problem(each.stack, each.desired?.bundleObject ?? '');
      if (each.refusal !== undefined && known?.code !== each.refusal.code) this.#failed(each, each.refusal);
    }
  }

  #failed({ stack, desired }: Pick<StackPlan, 'stack' | 'desired'>, error: unknown): void {
    if (error instanceof MooringError && error.code === 'APPLY_CANCELLED') return;
    const problem = problemOf(error, this.#parts.now());
    this.#observer.forgetDescription();
    const retryAfterMs = error instanceof MooringError ? error.retryAfterMs : undefined;
    this.#memory.failed(stack, desired?.bundleObject ?? '', { ...problem, retryAfterMs });
    this.#parts.tell({
      kind: 'apply.failed',
      severity: Severity.SEVERITY_ERROR,
      stack,
      code: problem.code,
      message: problem.message,
      commit: desired?.commit ?? '',
      generation: desired?.generation ?? 0n,
    });
  }

  /** What is planned again right after it was done did not take: a live change is tried as a replacement, a replacement is not repeated in haste. */
  #distrust(before: StackPlan, final: Plan): void {
    const { stack, desired } = before;
    if (this.#memory.problem(stack, desired?.bundleObject ?? '') !== undefined) return;
    const again = final.stacks.find((one) => one.stack === stack)?.steps ?? [];
    for (const done of before.steps) {
      if (
        done.kind === 'update-container' &&
        again.some((step) => step.kind === done.kind && step.container.id === done.container.id)
      )
        this.#memory.noteIneffective(done.container.id);
      if (done.kind !== 'replace-container' && done.kind !== 'create-container') continue;
      const repeated = again.find((step) => step.kind === 'replace-container' && step.name === done.name);
      if (repeated !== undefined) this.#failed(before, differsAgain(done.name, repeated.fields));
    }
  }

  #settle(desired: Desired, final: Plan, observed: Observed): Assessment {
    this.#memory.noteSettled(final, observed);
    this.#tellCorrected(final);
    const assessment = this.#assess(final, observed, new Set());
    const gone = desired.removals.filter((stack) =>
      final.stacks.every((other) => other.stack !== stack || other.steps.length + other.unknown.length === 0),
    );
    return {
      ...assessment,
      removedStacks: gone,
      stacks: assessment.stacks.filter(({ stack }) => !gone.includes(stack)),
    };
  }

  #assess(planned: Plan, observed: Observed, applying: ReadonlySet<string>): Assessment {
    const memory = this.#memory;
    const waits = this.#waits(planned, observed);
    const states = planned.stacks.map((stackPlan) => {
      const { stack } = stackPlan;
      const facts = { ...this.#facts(stackPlan), applying: applying.has(stack), waits: waits.get(stack) ?? '' };
      const state = assessStack(stackPlan, observed, facts);
      memory.noteHealth(state);
      return {
        ...state,
        lastHealthyBundle: memory.lastHealthyBundle(stack),
        sinceMs: BigInt(memory.since(`state ${stack} ${state.sync} ${state.health}`, observed.atMs)),
      };
    });
    const { foreignContainers, engine } = observed;
    const { defaults: _, ...about } = engine;
    return {
      engine: { ...about, memoryBytes: BigInt(engine.memoryBytes) },
      unmanagedCount: foreignContainers.length,
      unmanaged: foreignContainers.slice(0, MAX_UNMANAGED_NAMES),
      stacks: states,
      strays: strayStacks(observed, new Set(planned.stacks.map(({ stack }) => stack)), (stack) =>
        memory.since(`state ${stack} stray`, observed.atMs),
      ),
      removedStacks: [],
      settled:
        planned.stacks.every(({ steps, unknown }) => steps.length + unknown.length === 0) &&
        states.every(({ sync }) => sync !== SyncState.SYNC_STATE_FAILED),
      observedAtMs: observed.atMs,
      wakeAtMs: earliest(
        [
          nextHealthyAtMs(observed),
          ...planned.stacks.map(({ notBeforeMs }) => notBeforeMs),
          memory.nextStartAtMs(),
          observed.unknown.length === 0 ? 0 : observed.atMs + ASK_AGAIN_MS,
          // What was waited for came about in this very pass: no event tells it.
          planned.stacks.some((one) => one.steps.length > 0 && one.notBeforeMs === 0 && isFree(one, waits))
            ? observed.atMs + GO_ON_MS
            : 0,
        ],
        observed.atMs,
      ),
    };
  }

  #tellDrift(planned: Plan): void {
    for (const drift of planned.stacks.flatMap((stackPlan) => stackPlan.drift)) {
      if (!this.#memory.isNewDrift(drift)) continue;
      this.#parts.tell({
        kind: 'drift.found',
        severity: Severity.SEVERITY_WARNING,
        ...whereOf(drift),
        message: driftSentence(drift),
      });
    }
  }

  #tellCorrected(final: Plan): void {
    const notKnown = new Set(final.stacks.filter(({ unknown }) => unknown.length > 0).map(({ stack }) => stack));
    for (const drift of this.#memory.correctedDrift(
      final.stacks.flatMap((each) => each.drift),
      notKnown,
    )) {
      this.#parts.tell({
        kind: 'drift.corrected',
        severity: Severity.SEVERITY_INFO,
        ...whereOf(drift),
        message: `${drift.name} is as Git says again${drift.field === '' ? '' : ` in ${drift.field}`}`,
      });
    }
  }
}

/** A stack that has come after others and waits for none of them any more. */
function isFree({ stack, desired }: StackPlan, waits: ReadonlyMap<string, string>): boolean {
  const isLater =
    desired?.bundle.networks.some(({ external }) => external) === true || desired?.bundle.after.length !== 0;
  return desired !== undefined && isLater && !waits.has(stack);
}

function differsAgain(name: string, fields: readonly string[]): MooringError {
  const what = fields.length === 0 ? 'it' : fields.join(', ');
  return new MooringError(
    'ENGINE_UNSUPPORTED',
    `Cannot make container ${name} as Git says: ${what} differs again right after it was made; an engine that keeps it is wanted`,
    { hint: 'Name the field in the `ignore` list of the stack in fleet.yaml, or write what the engine makes of it.' },
  );
}

function whereOf({ stack, service, name }: Drift) {
  return { stack, service, object: name };
}

function driftSentence(drift: Drift): string {
  const { kind, action, reason } = drift;
  const what = kind === DriftKind.DRIFT_KIND_IMAGE_MOVED ? movedSentence(drift) : differenceSentence(drift);
  if (action === DriftAction.DRIFT_ACTION_CORRECTING) return `${what}; it is being put right`;
  return reason === '' ? what : `${what}; ${reason}`;
}

function movedSentence({ name, desired, observed }: Drift): string {
  return `${name} runs image ${observed}, and its reference names ${desired} now`;
}

function differenceSentence({ name, field, desired, observed }: Drift): string {
  return field === ''
    ? `${name} is ${observed || 'not as Git says'}`
    : `${name} differs in ${field}: ${desired || 'nothing'} is wanted, ${observed || 'nothing'} is there`;
}

function problemOf(error: unknown, nowMs: number): Problem {
  const sinceMs = BigInt(nowMs);
  if (error instanceof MooringError)
    return { code: error.code, message: error.message, hint: error.hint ?? '', sinceMs };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), hint: '', sinceMs };
}

function earliest(times: readonly number[], nowMs: number): number {
  const future = times.filter((time) => time > nowMs);
  return future.length === 0 ? 0 : Math.min(...future);
}
