import { HealthState, type Sum, SyncState } from '@mooring/proto';
import { worstHealth, worstSync } from './worst.ts';

/** What a sum counts. */
export interface Summand {
  readonly sync: SyncState;
  readonly health: HealthState;
  readonly online: boolean;
}

/** Counts states and names the worst. */
export function sum(summands: readonly Summand[]): Sum {
  const count = (counts: (summand: Summand) => boolean) => summands.filter(counts).length;
  return {
    total: summands.length,
    online: count(({ online }) => online),
    synced: count(({ sync }) => sync === SyncState.SYNC_STATE_SYNCED),
    healthy: count(({ health }) => health === HealthState.HEALTH_STATE_HEALTHY),
    sync: worstSync(summands.map((summand) => summand.sync)),
    health: worstHealth(summands.map((summand) => summand.health)),
  };
}
