import { HealthState, type StackState, SyncState } from '@mooring/proto';
import type { Observed } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';

/** How the other stacks of the host are. */
export interface Others {
  readonly desired: readonly DesiredStack[];
  readonly observed: Pick<Observed, 'networks'>;
  /** Of each stack that the host runs, by its name. */
  state(stack: string): Pick<StackState, 'sync' | 'health'> | undefined;
}

/**
 * Why a change of a stack does not begin yet; undefined: nothing is waited for. It comes after those that Git names and the host runs, and after
 * those that make a network which it takes for granted. What was applied already is healed all the same.
 */
export function waitReason({ stack, bundle }: DesiredStack, { desired, observed, state }: Others): string | undefined {
  for (const other of bundle.after) {
    const now = state(other);
    if (now === undefined || isReady(now)) continue;
    return `it waits for stack ${other}, which is not synced and healthy yet`;
  }
  for (const network of bundle.networks) {
    if (!network.external || observed.networks.some(({ name }) => name === network.name)) continue;
    const maker = desired.find(
      (other) =>
        other.stack !== stack && other.bundle.networks.some((own) => !own.external && own.name === network.name),
    );
    if (maker !== undefined) return `it waits for network ${network.name}, which stack ${maker.stack} makes`;
  }
  return undefined;
}

function isReady({ sync, health }: Pick<StackState, 'sync' | 'health'>): boolean {
  return sync === SyncState.SYNC_STATE_SYNCED && health === HealthState.HEALTH_STATE_HEALTHY;
}
