import { type Service, UpdateOrder } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import { sharedServices } from './expectation.ts';

/**
 * Whether a container is replaced by one that starts beside it. The hub asks for it only where the file lets both run; what only the host knows is
 * decided here: a volume without a name goes from the old one to the new one, and one that does not run serves nobody.
 */
export function overlaps({ bundle }: DesiredStack, service: Service, old: OwnContainer): boolean {
  if (service.update?.order !== UpdateOrder.UPDATE_ORDER_START_FIRST) return false;
  if (old.status !== 'running' || old.anonymousVolumes.length > 0) return false;
  if ((service.container?.ports ?? []).some(({ published, hostPort }) => published && hostPort !== '')) return false;
  if (sharedServices(service).length > 0) return false;
  return !bundle.services.some((other) => sharedServices(other).includes(service.name));
}
