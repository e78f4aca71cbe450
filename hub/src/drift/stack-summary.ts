import { HealthState, type StackState, type StackSummary, SyncState } from '@mooring/proto';
import type { HostView } from './host-view.ts';
import { compareNames, worstFirst } from './order.ts';
import type { StackView } from './stack-view.ts';
import { sum } from './sum.ts';

/** One stack over all its hosts. */
export interface StackSpread {
  readonly name: string;
  /** Sorted by host. */
  readonly places: readonly StackPlace[];
}

/** One stack on one host, and whether that host is there. */
export interface StackPlace {
  readonly view: StackView;
  readonly online: boolean;
}

/** Groups what hosts run by stack, sorted by name. `hosts` are sorted by name. */
export function spreadStacks(hosts: readonly HostView[]): StackSpread[] {
  const byName = new Map<string, StackPlace[]>();
  for (const { facts, stacks } of hosts) {
    for (const view of stacks) {
      const place = { view, online: facts.sighting.online };
      const places = byName.get(view.stack);
      if (places === undefined) byName.set(view.stack, [place]);
      else places.push(place);
    }
  }
  return [...byName].map(([name, places]) => ({ name, places })).sort((a, b) => compareNames(a.name, b.name));
}

/** Sums a stack up. With `atMost`, only its worst hosts are listed, and none that is well. */
export function summarizeStack({ name, places }: StackSpread, atMost?: number): StackSummary {
  const summands = places.map(({ view, online }) => ({ sync: view.sync, health: view.health, online }));
  const views = places.map(({ view }) => view);
  const listed = atMost === undefined ? views : worstViews(views).slice(0, atMost);
  const [worst] = worstViews(views);
  return {
    name,
    sum: sum(summands),
    hosts: [...listed].sort((a, b) => compareNames(a.host, b.host)).map(briefState),
    reason: worst === undefined || worst.reason === '' ? '' : `${worst.host}: ${worst.reason}`,
  };
}

function worstViews(views: readonly StackView[]): StackView[] {
  const sick = views.filter(
    ({ sync, health }) => sync !== SyncState.SYNC_STATE_SYNCED || health !== HealthState.HEALTH_STATE_HEALTHY,
  );
  return worstFirst(
    sick,
    (view) => view,
    ({ host }) => host,
  );
}

/** The whole state as the host told it, with the fleet's verdict over it. */
export function fullState(view: StackView, state: StackState | undefined): StackState {
  return state === undefined ? briefState(view) : { ...state, ...verdictOf(view) };
}

/** The state without services and differences. */
export function briefState(view: StackView): StackState {
  const { head, assigned } = view;
  return {
    ...verdictOf(view),
    commit: head?.commit ?? assigned?.commit ?? '',
    bundle: head?.bundle ?? assigned?.bundle ?? '',
    generation: head?.generation ?? 0n,
    services: [],
    drift: [],
    driftIncomplete: false,
    problem: undefined,
    appliedAtMs: BigInt(head?.appliedAtMs ?? 0),
    lastHealthyBundle: head?.lastHealthyBundle ?? '',
  };
}

function verdictOf({ host, stack, sync, health, reason, sinceMs }: StackView) {
  return { host, stack, sync, health, reason, sinceMs: BigInt(sinceMs) };
}
