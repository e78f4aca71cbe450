import { type Drift, DriftAction, DriftMode } from '@mooring/proto';
import type { Observed } from '../observe/observed.ts';
import type { Desired, DesiredStack } from './desired.ts';
import { describeDrift, type Finding } from './finding.ts';
import type { PlanMemory } from './memory.ts';
import { planNetworks, planVolumes } from './plan-resources.ts';
import { planServices } from './plan-services.ts';
import type { Step } from './step.ts';

/** What to do about one stack, and what differs. */
export interface StackPlan {
  readonly stack: string;
  /** Undefined: the stack is to be removed. */
  readonly desired: DesiredStack | undefined;
  /** In order; nothing is left to choose. */
  readonly steps: readonly Step[];
  readonly drift: readonly Drift[];
  /** Unix milliseconds before which nothing is tried; 0: now. */
  readonly notBeforeMs: number;
}

/** What to do about the host. */
export interface Plan {
  /** Sorted by stack. */
  readonly stacks: readonly StackPlan[];
}

/** Compares desired and observed. Pure; planning again after applying yields no steps. A stack that is in neither list is left alone. */
export function plan(parts: { desired: Desired; observed: Observed; memory: PlanMemory; nowMs: number }): Plan {
  const { desired, observed, memory, nowMs } = parts;
  const wanted = desired.stacks.map((stack) => planStack(stack, { observed, memory, nowMs }));
  const removed = desired.removals.map((stack) => planRemoval(stack, observed));
  return { stacks: [...wanted, ...removed].sort((a, b) => (a.stack < b.stack ? -1 : 1)) };
}

interface StackInput {
  readonly observed: Observed;
  readonly memory: PlanMemory;
  readonly nowMs: number;
}

function planStack(desired: DesiredStack, { observed, memory, nowMs }: StackInput): StackPlan {
  const { stack } = desired;
  const containers = observed.containers.filter((container) => container.stack === stack);
  const networks = planNetworks(desired, observed);
  const services = planServices(desired, { observed, containers, memory, nowMs, changedNetworks: networks.changed });
  const findings = [...networks.findings, ...planVolumes(desired, observed), ...services];
  const applied = memory.applied.get(stack) === desired.bundleObject;
  const heldBack = holdOf(desired, nowMs) ? DriftAction.DRIFT_ACTION_HELD : undefined;
  const waitUntil = memory.notBeforeMs(stack, desired.bundleObject);
  const steps = findings
    .filter((finding) => isDone(finding, { desired, applied, held: heldBack !== undefined }))
    .flatMap(({ steps: own }) => own);
  const action = heldBack ?? (waitUntil > nowMs ? DriftAction.DRIFT_ACTION_BACKING_OFF : undefined);
  const drift = findings.flatMap((finding) =>
    describeDrift(finding, { desired, applied, action, sinceMs: (key) => memory.since(key, nowMs) }),
  );
  return { stack, desired, steps: ordered(steps), drift, notBeforeMs: waitUntil };
}

/** Drift of a stack that is only reported stays; what Git changed is done all the same. */
function isDone(
  finding: Finding,
  { desired, applied, held }: { desired: DesiredStack; applied: boolean; held: boolean },
): boolean {
  if (held) return false;
  return !(applied && finding.kind !== 'changed' && desired.driftMode === DriftMode.DRIFT_MODE_REPORT);
}

function holdOf({ hold }: DesiredStack, nowMs: number): boolean {
  return hold !== undefined && (hold.expiresAtMs === 0n || hold.expiresAtMs > BigInt(nowMs));
}

// Networks and volumes first; containers in the order that services were planned; removals last, networks after their containers.
const ORDER: Readonly<Record<Step['kind'], number>> = {
  'create-network': 1,
  'create-volume': 1,
  'unpause-container': 2,
  'start-container': 2,
  'replace-container': 2,
  'create-container': 2,
  'remove-container': 3,
  'remove-network': 4,
};

function ordered(steps: readonly Step[]): readonly Step[] {
  return steps.toSorted((a, b) => rank(a) - rank(b));
}

/** What makes way goes before anything is created: containers, then the networks that they were on. */
function rank(step: Step): number {
  if (step.kind === 'remove-container' && step.makesWay) return -2;
  return step.kind === 'remove-network' && step.makesWay ? -1 : ORDER[step.kind];
}

function planRemoval(stack: string, observed: Observed): StackPlan {
  const reason = 'Git no longer gives the stack to this host';
  const containers = observed.containers.filter((container) => container.stack === stack);
  const networks = observed.networks.filter((network) => network.ours && network.stack === stack);
  const steps: Step[] = [
    ...containers.map(
      (container): Step => ({
        kind: 'remove-container',
        stack,
        service: container.service,
        container,
        makesWay: false,
        reason,
      }),
    ),
    ...networks.map(({ id, name }): Step => ({ kind: 'remove-network', stack, id, name, makesWay: false, reason })),
  ];
  return { stack, desired: undefined, steps, drift: [], notBeforeMs: 0 };
}
