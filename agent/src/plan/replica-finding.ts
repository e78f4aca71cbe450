import type { OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { WantedReplica } from './expectation.ts';

/** What every step about a replica says of it. */
export function baseOf({ stack }: DesiredStack, { service, replica, name }: WantedReplica) {
  return { stack, service, replica, name };
}

/** A finding about the whole container of a replica. */
export function finding({ service, replica, name }: WantedReplica) {
  return {
    object: 'container',
    service: service.name,
    replica,
    name,
    field: '',
    desired: '',
    observed: '',
    left: '',
  } as const;
}

/** A finding about a container that does not run as it should. */
export function stateOf(container: OwnContainer, wanted: WantedReplica) {
  return {
    ...finding(wanted),
    kind: 'modified',
    field: 'state',
    desired: 'running',
    observed: container.status,
    name: container.name,
  } as const;
}
