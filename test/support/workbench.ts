import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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
import {
  Bundle,
  containerSpecDigest,
  type Drift,
  DriftAction,
  DriftMode,
  digestOf,
  LABELS,
  type Network,
  networkSpecDigest,
  type Service,
  type Volume,
  volumeSpecDigest,
} from '@mooring/proto';
import { Engine, type EngineVersion } from './engine.ts';
import { importImages, makeRootFileSystem } from './images.ts';
import { startNetwork } from './network.ts';
import { makeRunFolder, removeRunFolder } from './run-folder.ts';

/** The fleet that objects on the bench belong to. */
const FLEET = 'bench-fleet';

/** An agent's own parts over a real engine, without hub and broker: what it is asked for is handed to it. */
export interface Workbench {
  readonly engine: Engine;
  /** What the agent told, oldest first. */
  readonly events: string[];
  /** Reconciles until nothing is left to do, or says what is. */
  settle(desired: Desired): Promise<Assessment>;
  /** One pass. */
  pass(desired: Desired): Promise<Assessment>;
  /** A new process over the same folder. */
  restartAgent(): Promise<void>;
  /** A new process whose record is gone. */
  loseRecord(): Promise<void>;
  /** Stops the engine and starts another version, or the same, on the same data. */
  restartEngine(version?: EngineVersion): Promise<void>;
  close(): Promise<void>;
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

/** Passes until a stack settles: each heals what the one before left. */
const MAX_PASSES = 40;

/** Starts a bench with its own engine and images. */
export async function startWorkbench(version: EngineVersion): Promise<Workbench> {
  const folder = await makeRunFolder();
  const network = await startNetwork(folder, 1);
  const { namespace } = network.host(0);
  const engineFolder = join(folder.path, 'engine');
  const data = join(folder.path, 'agent');
  mkdirSync(data);
  const events: string[] = [];
  let engine = new Engine({ folder: engineFolder, namespace, version });
  const tar = await makeRootFileSystem(folder.path);
  await engine.start();
  await importImages(engine.socket, tar);
  let agent = await startAgent(data, { socket: engine.socket, events });
  const pass = (desired: Desired) => agent.reconciler.reconcile(desired, { signal: new AbortController().signal });
  return {
    get engine() {
      return engine;
    },
    events,
    pass,
    settle: async (desired) => {
      for (let passes = 0; ; passes += 1) {
        const assessment = await pass(desired);
        if (isSettled(assessment) || passes >= MAX_PASSES) return assessment;
        // What waits says until when.
        await delay(Math.max(assessment.wakeAtMs - Date.now(), 0));
      }
    },
    restartAgent: async () => {
      await agent.close();
      agent = await startAgent(data, { socket: engine.socket, events });
    },
    loseRecord: async () => {
      await agent.close();
      for (const ending of ['', '-wal', '-shm']) rmSync(join(data, `agent.db${ending}`), { force: true });
      agent = await startAgent(data, { socket: engine.socket, events });
    },
    restartEngine: async (next = version) => {
      await engine.stop();
      engine = new Engine({ folder: engineFolder, namespace, version: next });
      await engine.start();
      await agent.close();
      agent = await startAgent(data, { socket: engine.socket, events });
    },
    close: async () => {
      await agent.close();
      await engine.close();
      await network.close();
      await removeRunFolder(folder.path);
    },
  };
}

async function startAgent(
  data: string,
  { socket, events }: { socket: string; events: string[] },
): Promise<{ reconciler: Reconciler; close(): Promise<void> }> {
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
  const close = async () => {
    stop.abort();
    await following;
    keep.close();
  };
  return { reconciler, close };
}

/** Ends with the engine's stream, which ends when it is told to. */
async function follow(changes: AsyncIterable<readonly Change[]>, reconciler: Reconciler): Promise<void> {
  try {
    for await (const burst of changes) reconciler.note(burst);
  } catch (error) {
    if (!(error instanceof Error && /abort|hang up|ECONN/i.test(error.message))) throw error;
  }
}

/** What a bundle holds. */
interface Contents {
  readonly services: readonly Service[];
  readonly networks?: readonly Network[];
  readonly volumes?: readonly Volume[];
}

/** A bundle of services, networks and volumes as tests write them; digests are filled in. */
export function bundleOf(stack: string, { services, networks = [], volumes = [] }: Contents): Bundle {
  return {
    format: 1,
    stack,
    requires: [],
    services: services.map((service) => ({
      ...service,
      replicas: service.replicas || 1,
      specDigest: service.container === undefined ? '' : containerSpecDigest(service.container),
    })),
    networks: networks.map((one) => ({ ...one, specDigest: networkSpecDigest(one) })),
    volumes: volumes.map((one) => ({ ...one, specDigest: volumeSpecDigest(one) })),
    files: [],
    secrets: [],
  };
}

/** What a host must run: these bundles. */
export function desiredOf(
  bundles: readonly Bundle[],
  options: { driftMode?: DriftMode; ignore?: readonly string[] } = {},
): Desired {
  const { driftMode = DriftMode.DRIFT_MODE_CORRECT, ignore = [] } = options;
  return {
    fleetId: FLEET,
    generation: 1n,
    stacks: bundles.map((bundle) => ({
      stack: bundle.stack,
      commit: 'c0ffee',
      generation: 1n,
      bundleObject: digestOf(Bundle.encode(bundle).finish()),
      bundle,
      driftMode,
      ignore,
      hold: undefined,
    })),
    removals: [],
  };
}

/** All drift of an assessment, as one line each. */
export function driftLines({ stacks }: Assessment): string[] {
  return stacks.flatMap(({ drift }) => drift.map(driftLine)).sort();
}

function driftLine({ name, field, desired, observed }: Drift): string {
  return `${name} ${field}: ${desired} wanted, ${observed} there`;
}
