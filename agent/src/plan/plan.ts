import { type Drift, DriftAction, DriftMode, type MooringError } from '@mooring/proto';
import type { CompletedReplica, Completion } from '../apply/ports.ts';
import type { Observed, UnknownContainer } from '../observe/observed.ts';
import type { Desired, DesiredStack, MountPaths } from './desired.ts';
import { engineRefusal } from './engine-needs.ts';
import { describeDrift, type Finding } from './finding.ts';
import type { PlanMemory } from './memory.ts';
import { planNetworks, planVolumes } from './plan-resources.ts';
import { planServices } from './plan-services.ts';
import type { Receipt } from './receipt.ts';
import type { Step } from './step.ts';
import { waitForUnknown } from './unanswered.ts';

/** What to do about one stack, and what differs. */
export interface StackPlan {
  readonly stack: string;
  /** Undefined: the stack is to be removed. */
  readonly desired: DesiredStack | undefined;
  /** In order; nothing is left to choose. */
  readonly steps: readonly Step[];
  readonly drift: readonly Drift[];
  /** Containers of the stack about which nobody knows: as long as there are any it is neither synced nor gone. */
  readonly unknown: readonly UnknownContainer[];
  /** Unix milliseconds before which nothing is tried; 0: now. */
  readonly notBeforeMs: number;
  /** Why the engine cannot run it as Git says: there are no steps then. Undefined: it can. */
  readonly refusal: MooringError | undefined;
}

/** What to do about the host. */
export interface Plan {
  /** Sorted by stack. */
  readonly stacks: readonly StackPlan[];
}

/** What a plan is made from. */
export interface PlanInput {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly memory: PlanMemory;
  readonly paths: MountPaths;
  readonly nowMs: number;
  receipt(container: string): Receipt | undefined;
  completion(replica: CompletedReplica): Completion | undefined;
  /** Text of a value that must not be shown: equal values give equal texts. */
  mask(value: string): string;
}

/** Compares desired and observed. Pure; planning again after applying yields no steps. A stack that is in neither list is left alone. */
export function plan(input: PlanInput): Plan {
  const { desired, observed } = input;
  const wanted = desired.stacks.map((stack) => planStack(stack, input));
  const removed = desired.removals.map((stack) => planRemoval(stack, observed));
  return { stacks: [...wanted, ...removed].sort((a, b) => (a.stack < b.stack ? -1 : 1)) };
}

function planStack(desired: DesiredStack, input: PlanInput): StackPlan {
  const { stack } = desired;
  const { observed, memory, nowMs } = input;
  const applied = memory.applied.get(stack) === desired.bundleObject;
  const held = isHeld(desired, nowMs);
  const performs = (finding: Finding) => isDone(finding, { desired, applied, held });
  const own = observed.containers.filter((container) => container.stack === stack);
  const containers = Map.groupBy(own, ({ service }) => service);
  const unknown = observed.unknown.filter((container) => container.stack === stack);
  const found = [
    ...planNetworks(desired, observed),
    ...planVolumes(desired, observed),
    ...planServices(desired, { ...input, containers, performs }),
  ];
  const findings = waitForUnknown(found, desired.bundle, unknown);
  const waitUntil = memory.notBeforeMs(stack, desired.bundleObject);
  const steps = findings.filter(performs).flatMap((finding) => finding.steps);
  const idle = waitUntil > nowMs ? DriftAction.DRIFT_ACTION_BACKING_OFF : undefined;
  const action = held ? DriftAction.DRIFT_ACTION_HELD : idle;
  const scope = { desired, applied, action, sinceMs: (key: string) => memory.since(key, nowMs) };
  const drift = findings.flatMap((finding) => describeDrift(finding, scope));
  const refusal = engineRefusal(desired, observed.engine.apiVersion);
  const allowed = refusal === undefined ? ordered(withoutRepeats(steps)) : [];
  return { stack, desired, steps: allowed, drift, unknown, notBeforeMs: waitUntil, refusal };
}

/** Drift of a stack that is only reported stays; what Git changed is done all the same. */
function isDone(
  finding: Finding,
  { desired, applied, held }: { desired: DesiredStack; applied: boolean; held: boolean },
): boolean {
  if (held) return false;
  return !(applied && finding.kind !== 'changed' && desired.driftMode === DriftMode.DRIFT_MODE_REPORT);
}

function isHeld({ hold }: DesiredStack, nowMs: number): boolean {
  return hold !== undefined && (hold.expiresAtMs === 0n || hold.expiresAtMs > BigInt(nowMs));
}

/** Two containers may mount one damaged content, and one container two: each is put back, and restarted, once. A replacement starts anew. */
function withoutRepeats(steps: readonly Step[]): readonly Step[] {
  const seen = new Set<string>();
  const replaced = new Set(steps.flatMap((step) => (step.kind === 'replace-container' ? [step.old.id] : [])));
  return steps.filter((step) => {
    if (step.kind !== 'restore-content' && step.kind !== 'restart-container') return true;
    if (step.kind === 'restart-container' && replaced.has(step.container.id)) return false;
    const key = `${step.kind} ${step.kind === 'restore-content' ? step.path : step.container.id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

// Contents, networks and volumes first; containers in the order that services were planned; removals last, networks after their containers.
const ORDER: Readonly<Record<Step['kind'], number>> = {
  'restore-content': 0,
  'create-network': 1,
  'replace-network': 1,
  'create-volume': 2,
  'keep-container': 3,
  'update-container': 3,
  'unpause-container': 3,
  'start-container': 3,
  'restart-container': 3,
  'replace-container': 3,
  'create-container': 3,
  'remove-container': 4,
  'remove-network': 5,
};

function ordered(steps: readonly Step[]): readonly Step[] {
  return steps.toSorted((a, b) => rank(a) - rank(b));
}

/** What makes way goes before anything is created. */
function rank(step: Step): number {
  return step.kind === 'remove-container' && step.makesWay ? -1 : ORDER[step.kind];
}

function planRemoval(stack: string, observed: Observed): StackPlan {
  const why = { stack, reason: 'Git no longer gives the stack to this host', fields: [] };
  const containers = observed.containers.filter((container) => container.stack === stack);
  const unknown = observed.unknown.filter((container) => container.stack === stack);
  // One that is unknown is on its networks: they go after it.
  const networks = observed.networks.filter(
    (network) => network.ours && network.stack === stack && unknown.length === 0,
  );
  const steps: Step[] = [
    ...containers.map(
      (container): Step => ({
        ...why,
        kind: 'remove-container',
        service: container.service,
        container,
        makesWay: false,
      }),
    ),
    ...networks.map(({ id, name }): Step => ({ ...why, kind: 'remove-network', id, name })),
  ];
  return { stack, desired: undefined, steps, drift: [], unknown, notBeforeMs: 0, refusal: undefined };
}
