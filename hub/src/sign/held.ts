import { UNHEARD } from '../store/store.ts';

/**
 * True when the newest assignment that is stored must not go to its host: the host has a newer one, or nobody knows yet whether it has, because the
 * database was restored from before. Sending it would turn the host back.
 */
export function isHeldBack(newest: bigint | undefined, highWater: bigint): boolean {
  return newest !== undefined && (highWater === UNHEARD || highWater > newest);
}
