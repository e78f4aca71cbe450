import { type HostState, MAX_GENERATION_AHEAD_MS } from '@mooring/proto';

/**
 * True when a host can never take the newest assignment that was issued for it: the hub's clock was far ahead when it was issued and is right again, and
 * the host itself says that it refuses it for that. A host that had accepted it would not say so, so that nothing is turned back by issuing a lower one.
 */
export function isOutOfReach(newest: bigint, nowMs: number, said: () => HostState | undefined): boolean {
  if (newest <= BigInt(nowMs) + BigInt(MAX_GENERATION_AHEAD_MS)) return false;
  const state = said();
  return state?.refusal?.code === 'ASSIGNMENT_FUTURE' && state.acceptedGeneration < newest;
}
