import {
  Bundle,
  ContainerSpec,
  containerSpecDigest,
  Dependency,
  DependencyCondition,
  type Drift,
  DriftMode,
  digestOf,
  Network,
  networkSpecDigest,
  Service,
  type UpdateConfig,
  Volume,
  volumeSpecDigest,
} from '@mooring/proto';
import type { ApplyParts } from './apply/apply-parts.ts';
import { KeptCompletions } from './keep/completions.ts';
import { openDatabase } from './keep/database.ts';
import { DiskHealth } from './keep/disk-health.ts';
import { KeptJournal } from './keep/journal.ts';
import { KeptRecord } from './keep/own-record.ts';
import { KeptReceipts } from './keep/receipts.ts';
import { Memory } from './memory.ts';
import { FakeEngine } from './observe/engine.fake.ts';
import type { Change, Engine } from './observe/engine.ts';
import type { ContentState } from './observe/observed.ts';
import { Observer, type ObserverParts } from './observer.ts';
import type { Desired, DesiredStack } from './plan/desired.ts';
import { plan, type StackPlan } from './plan/plan.ts';
import { describe } from './plan/step.ts';
import { type Assessment, createReconciler } from './reconciler.ts';
import type { Answers } from './report/answers.ts';

const FLEET = 'fleet-1';
const STARTED = DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED;
/** Passes until nothing is left to do: each heals what the one before left. */
const MAX_PASSES = 10;
/** A container without a healthcheck counts as healthy after 10 s. */
const START_TAKES_MS = 10_000;

/** A host whose engine is in memory, with the agent's own parts over it. */
export class FakeHost {
  readonly engine = new FakeEngine();
  /** What is behind mounts, by path; what is not here is as it was signed. */
  readonly contents = new Map<string, ContentState>();
  /** What was told, oldest first. */
  readonly events: string[] = [];
  readonly memory = new Memory();
  readonly observer: Observer;
  readonly #parts: ApplyParts & ObserverParts;
  #reconciler: ReturnType<typeof createReconciler>;

  /** The agent reaches the engine through what `reach` makes of it. */
  constructor(reach: (engine: FakeEngine) => Engine = (engine) => engine) {
    this.engine.startTakesMs = START_TAKES_MS;
    this.engine.addImage('app:1', { Cmd: ['serve'], Env: ['PATH=/bin', 'MODE=image'], Labels: { from: 'image' } });
    this.engine.addImage('app:2', { Cmd: ['serve'], Env: ['PATH=/bin'], Volumes: { '/kept': {} } });
    this.#parts = this.#partsOver(reach(this.engine));
    this.observer = new Observer(this.#parts);
    this.#reconciler = createReconciler(this.#parts);
  }

  /** A new process over the same disk. */
  restartAgent(): void {
    this.#reconciler = createReconciler(this.#parts);
  }

  /** The agent hears what happened on the engine. */
  hears(...changes: readonly Change[]): void {
    this.#reconciler.note(changes);
  }

  /** Reconciles until nothing is left to do, or it cannot go on. */
  async settle(desired: Desired): Promise<Assessment> {
    for (let passes = 1; ; passes += 1) {
      const assessment = await this.pass(desired);
      if (!assessment.settled && passes < MAX_PASSES) continue;
      for (const { stack, bundleObject } of desired.stacks) this.memory.applied.set(stack, bundleObject);
      return assessment;
    }
  }

  /** One pass. */
  pass(desired: Desired): Promise<Assessment> {
    return this.#reconciler.reconcile(desired, { signal: new AbortController().signal });
  }

  /** What a hub may ask. */
  get answers(): Answers {
    return this.#reconciler.answers;
  }

  /** What the next pass would do. */
  async plan(desired: Desired): Promise<readonly StackPlan[]> {
    const observed = await this.observer.glance(desired);
    const { nowMs } = this.engine;
    return plan({ ...this.observer.planning, desired, observed, memory: this.memory, nowMs }).stacks;
  }

  /** The same, as its sentences. */
  async sentences(desired: Desired): Promise<readonly string[]> {
    return (await this.plan(desired)).flatMap(({ steps }) => steps.map(describe));
  }

  /** What the host says of a service, as the last pass was asked for. */
  explain(stack: string, service: string): Promise<string> {
    return this.#reconciler.answers.explain(stack, service);
  }

  /** The id of a container, by its name. */
  async id(name: string): Promise<string> {
    const found = (await this.engine.listContainers()).find((container) => container.name === name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found.id;
  }

  #partsOver(engine: Engine): ApplyParts & ObserverParts {
    const { database } = openDatabase(':memory:');
    const now = () => this.engine.nowMs;
    const health = new DiskHealth({ nowMs: now, probe: () => undefined });
    return {
      engine,
      fleetId: FLEET,
      record: new KeptRecord(database, health),
      receipts: new KeptReceipts(database, health),
      completions: new KeptCompletions(database, health),
      journal: new KeptJournal(database, health),
      paths: {
        content: (digest) => `/agent/content/${digest.replace(':', '-')}`,
        tree: (digest) => `/agent/trees/${digest.replace(':', '-')}`,
        data: (stack, path) => `/agent/stacks/${stack}/${path}`,
      },
      contents: () => this.contents,
      restoreContents: async () => this.contents.clear(),
      maskKey: new Uint8Array(32),
      makeFolder: () => undefined,
      tell: ({ kind, message }) => this.events.push(`${kind}: ${message}`),
      now,
    };
  }
}

/** A stack as tests write it. */
export interface Written {
  /** By name: JSON of a ContainerSpec, beside how many and when. */
  readonly services?: Readonly<Record<string, WrittenService>>;
  readonly networks?: readonly (Partial<Network> & { readonly key: string })[];
  readonly volumes?: readonly (Partial<Volume> & { readonly key: string })[];
}

export interface WrittenService {
  readonly spec?: object;
  readonly replicas?: number;
  readonly containerName?: string;
  readonly dependsOn?: readonly Partial<Dependency>[];
  readonly update?: UpdateConfig;
}

/** The bundle of a stack: in the order and with the digests that a hub gives it. */
export function bundleOf(stack: string, { services = {}, networks = [], volumes = [] }: Written): Bundle {
  const written = Object.entries(services).map(([name, service]) => {
    const { spec = {}, replicas = 1, containerName, dependsOn = [], update } = service;
    const container = ContainerSpec.fromJSON({ image: 'app:1', networks: [{ network: 'default' }], ...spec });
    return {
      ...Service.fromPartial({ name, replicas, containerName: containerName ?? '' }),
      container,
      specDigest: containerSpecDigest(container),
      update,
      dependsOn: dependsOn.map((one) => ({ ...Dependency.create(), condition: STARTED, required: true, ...one })),
    };
  });
  const made = [{ key: 'default' }, ...networks].map((one) => ({
    ...Network.create(),
    name: `${stack}_${one.key}`,
    ...one,
  }));
  const kept = volumes.map((one) => ({ ...Volume.create(), name: `${stack}_${one.key}`, ...one }));
  return {
    format: 1,
    stack,
    requires: [],
    services: written.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    networks: made.map((one) => ({ ...one, specDigest: networkSpecDigest(one) })),
    volumes: kept.map((one) => ({ ...one, specDigest: volumeSpecDigest(one) })),
    files: [],
    secrets: [],
    after: [],
  };
}

/** What the host must run: one stack, `shop`. */
export function shop(written: Written, more: Partial<DesiredStack> = {}): Desired {
  const bundle = bundleOf('shop', written);
  const stack: DesiredStack = {
    stack: 'shop',
    commit: 'c0ffee',
    generation: 1n,
    bundleObject: digestOf(Bundle.encode(bundle).finish()),
    bundle,
    driftMode: DriftMode.DRIFT_MODE_CORRECT,
    ignore: [],
    hold: undefined,
    ...more,
  };
  return { fleetId: FLEET, generation: 1n, stacks: [stack], removals: [] };
}

/** What differs, and what is done about it, one line each. */
export function driftLines(plans: readonly { readonly drift: readonly Drift[] }[]): readonly string[] {
  return plans.flatMap(({ drift }) =>
    drift.map(({ name, field, desired, observed, reason }) =>
      [
        `${name}${field === '' ? '' : ` ${field}`}: ${desired || 'nothing'} wanted, ${observed || 'nothing'} there`,
        reason,
      ]
        .filter((part) => part !== '')
        .join('; '),
    ),
  );
}
