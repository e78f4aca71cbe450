import { HealthState, SyncState } from '@mooring/proto';

/** The worst of several; the numbers are in order of severity. Of none, nobody knows. */
export function worstSync(states: readonly SyncState[]): SyncState {
  return states.length === 0 ? SyncState.SYNC_STATE_UNKNOWN : states.reduce(worseSync);
}

/** The worst of several; of none, nobody knows. */
export function worstHealth(states: readonly HealthState[]): HealthState {
  return states.length === 0 ? HealthState.HEALTH_STATE_UNKNOWN : states.reduce(worseHealth);
}

/** The worse of two. A state that is not valid is one that nobody knows. */
export function worseSync(left: SyncState, right: SyncState): SyncState {
  const [one, other] = [left || SyncState.SYNC_STATE_UNKNOWN, right || SyncState.SYNC_STATE_UNKNOWN];
  return one < other ? one : other;
}

function worseHealth(left: HealthState, right: HealthState): HealthState {
  const [one, other] = [left || HealthState.HEALTH_STATE_UNKNOWN, right || HealthState.HEALTH_STATE_UNKNOWN];
  return one < other ? one : other;
}
