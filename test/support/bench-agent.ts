import { setTimeout as delay } from 'node:timers/promises';
import {
  type Assessment,
  type Change,
  createReconciler,
  type Desired,
  openEngine,
  openKeep,
  type Reconciler,
  reconcilerParts,
} from '@mooring/agent';
import { type Bundle, DriftAction, LABELS } from '@mooring/proto';

/** The fleet that objects on the bench belong to. */
export const FLEET = 'bench-fleet';

/** An agent's own parts over a real engine, without hub and broker. */
export interface BenchAgent {
  /** Brings what a bundle mounts to its disk, as receiving it does. */
  stage(bundle: Bundle, contents: ReadonlyMap<string, Uint8Array>): void;
  /** One pass. */
  pass(desired: Desired): Promise<Assessment>;
  /** Reconciles until nothing is left to do, or says what is. */
  settle(desired: Desired): Promise<Assessment>;
  close(): Promise<void>;
}

/** Passes until a stack settles: each heals what the one before left. */
const MAX_PASSES = 40;

/** Starts an agent over its folder; `events` takes what it tells. */
export async function startBenchAgent(
  data: string,
  { socket, events }: { readonly socket: string; readonly events: string[] },
): Promise<BenchAgent> {
  const keep = openKeep(data, { nowMs: Date.now });
  const engine = await openEngine(socket);
  const parts = reconcilerParts(keep, {
    engine,
    fleetId: FLEET,
    tell: ({ kind, message }) => events.push(`${kind}: ${message}`),
    restoreContents: async () => {},
  });
  const reconciler = createReconciler(parts);
  const stop = new AbortController();
  const following = follow(engine.changes(`${LABELS.fleet}=${FLEET}`, stop.signal), reconciler);
  const pass = (desired: Desired) => reconciler.reconcile(desired, { signal: new AbortController().signal });
  return {
    stage: (bundle, contents) => keep.contents.materialise(bundle, (digest) => contents.get(digest) ?? missing(digest)),
    pass,
    settle: async (desired) => {
      for (let passes = 0; ; passes += 1) {
        const assessment = await pass(desired);
        if (isSettled(assessment) || passes >= MAX_PASSES) return assessment;
        // What waits says until when.
        await delay(Math.max(assessment.wakeAtMs - Date.now(), 0));
      }
    },
    close: async () => {
      stop.abort();
      await following;
      keep.close();
    },
  };
}

function missing(digest: string): never {
  throw new Error(`there is no content ${digest}`);
}

/** Nothing is left to do now, and nothing waits for later. */
function isSettled({ settled, stacks }: Assessment): boolean {
  const waits = stacks.some(({ drift }) => drift.some(({ action }) => WAITING.has(action)));
  return settled && !waits;
}

const WAITING: ReadonlySet<DriftAction> = new Set([
  DriftAction.DRIFT_ACTION_CORRECTING,
  DriftAction.DRIFT_ACTION_BACKING_OFF,
]);

/** Ends with the engine's stream, which ends when it is told to. */
async function follow(changes: AsyncIterable<readonly Change[]>, reconciler: Reconciler): Promise<void> {
  try {
    for await (const burst of changes) reconciler.note(burst);
  } catch (error) {
    if (!(error instanceof Error && /abort|hang up|ECONN/i.test(error.message))) throw error;
  }
}
