import { containerName, type Service } from '@mooring/proto';
import type { DesiredStack } from './desired.ts';

/** Name of a replica's container. */
export function nameOf({ stack }: DesiredStack, service: Service, replica: number): string {
  return service.containerName || containerName(stack, service.name, replica);
}
