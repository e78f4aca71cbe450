import { DriftAction, DriftKind, DriftObject } from '@mooring/proto';
import type { Observed } from '../observe/observed.ts';
import type { Desired } from './desired.ts';
import type { PlanMemory } from './memory.ts';
import type { StackPlan } from './plan.ts';

/** What is compared. */
interface Unassigned {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly memory: Pick<PlanMemory, 'since'>;
  readonly nowMs: number;
}

/**
 * Stacks that run here and that the accepted assignment does not name at all: a hub that was restored from before has forgotten that it gave them. Absence
 * is not deletion: their containers are left alone, and told as drift, so that the host does not pass for being as Git says.
 */
export function planUnassigned({ desired, observed, memory, nowMs }: Unassigned): readonly StackPlan[] {
  // Before the first assignment nobody knows what the host should run.
  if (desired.generation === 0n) return [];
  const named = new Set([...desired.stacks.map(({ stack }) => stack), ...desired.removals, ...(desired.kept ?? [])]);
  const left = observed.containers.filter(({ stack }) => !named.has(stack));
  return [...Map.groupBy(left, ({ stack }) => stack)].map(([stack, containers]) => ({
    stack,
    desired: undefined,
    steps: [],
    drift: containers.map(({ service, replica, name, status }) => ({
      host: '',
      stack,
      service,
      replica,
      kind: DriftKind.DRIFT_KIND_EXTRA,
      object: DriftObject.DRIFT_OBJECT_CONTAINER,
      name,
      field: '',
      desired: '',
      observed: status,
      sinceMs: BigInt(memory.since([stack, name, 'unassigned'].join(' '), nowMs)),
      action: DriftAction.DRIFT_ACTION_REPORTED,
      reason: `no assignment gives stack ${stack} to this host or takes it away`,
    })),
    unknown: [],
    notBeforeMs: 0,
  }));
}
