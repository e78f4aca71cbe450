import { type Drift, DriftAction, DriftKind, DriftObject, HealthState, StackState, SyncState } from '@mooring/proto';
import type { Observed, OwnContainer } from '../observe/observed.ts';
import { isPassingName } from '../plan/kept-name.ts';
import { judge, toContainerState, worseHealth } from './assess.ts';

/** Why nothing is done about a stray: only what is signed is removed. */
const LEFT = 'the assignment names its stack neither to run nor to remove; it is left alone';

/**
 * Stacks of ours on the engine that nobody asked for: what an earlier hub gave this host, and the one of now knows nothing of. They are drift that
 * is only reported: absence from an assignment is no order to remove.
 */
export function strayStacks(
  observed: Observed,
  asked: ReadonlySet<string>,
  since: (stack: string) => number,
): readonly StackState[] {
  const strays = observed.containers.filter(({ stack, name }) => !asked.has(stack) && !isPassingName(name));
  return [...Map.groupBy(strays, ({ stack }) => stack)].map(([stack, containers]) => {
    const sinceMs = BigInt(since(stack));
    const services = [...Map.groupBy(containers, ({ service }) => service)].map(([service, own]) => ({
      service,
      desired: 0,
      ready: 0,
      health: healthOf(own, observed.atMs),
      reason: '',
      containers: own.map(toContainerState),
    }));
    return StackState.fromPartial({
      stack,
      sync: SyncState.SYNC_STATE_DRIFTED,
      health: healthOf(containers, observed.atMs),
      reason: LEFT,
      sinceMs,
      services,
      drift: containers.map((container) => strayDrift(container, sinceMs)),
    });
  });
}

function strayDrift({ stack, service, replica, name, status }: OwnContainer, sinceMs: bigint): Drift {
  return {
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
    sinceMs,
    action: DriftAction.DRIFT_ACTION_REPORTED,
    reason: LEFT,
  };
}

function healthOf(containers: readonly OwnContainer[], nowMs: number): HealthState {
  return containers
    .map((container) => judge(container, nowMs).health)
    .reduce(worseHealth, HealthState.HEALTH_STATE_HEALTHY);
}
