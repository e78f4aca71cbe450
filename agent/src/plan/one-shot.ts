import { DependencyCondition, type Service } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';

/** A one-shot that exited 0 by itself has done its work for this specification. */
export function isFinished(container: OwnContainer): boolean {
  return endedForGood(container) && container.exitCode === 0;
}

/** A one-shot that others wait for and that failed stays as it is until its specification changes: once per specification. */
export function isFailedOneShot(container: OwnContainer, service: Service, services: readonly Service[]): boolean {
  return (
    endedForGood(container) &&
    container.exitCode !== 0 &&
    container.restartPolicy === 'no' &&
    isAwaited(service, services)
  );
}

/** It ended by itself, and no policy starts it again. */
export function endedForGood({ status, startedAtMs, restartPolicy, stoppedByHand }: OwnContainer): boolean {
  const endsForGood = restartPolicy === 'no' || restartPolicy === 'on-failure';
  return status === 'exited' && startedAtMs > 0 && endsForGood && !stoppedByHand;
}

function isAwaited({ name }: Service, services: readonly Service[]): boolean {
  const condition = DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY;
  return services.some(({ dependsOn }) => dependsOn.some((one) => one.service === name && one.condition === condition));
}
