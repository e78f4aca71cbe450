import { HealthState, HostState, MooringError, type RevisionVerdict, StackState, SyncState } from '@mooring/proto';
import type { CallContext } from '../grpc/handlers.ts';
import { Presence } from '../ingest/presence.ts';
import { Questions } from '../ingest/questions.ts';
import type { RevisionReading } from '../source/follow.ts';
import { assignmentRecord, bundleName } from '../store/assignment.fake.ts';
import type { RevisionRecord } from '../store/store.ts';
import { openTemporaryStore, type TemporaryStore } from '../store/temporary-store.fake.ts';
import { Changes } from './changes.ts';
import { createQuery } from './create-query.ts';
import type { FleetView, QueryParts } from './parts.ts';

const VIEW: FleetView = {
  hosts: new Map(),
  source: 'https://git.example/fleet',
  branch: 'main',
  sourceAskedAtMs: 0,
  problems: [],
  checks: [{ name: 'broker', ok: true, message: 'Connected.', hint: '' }],
  counters: { objects_published: 2, classes_rendered: 1 },
};

/** A fleet in a real store, with presence and a clock that the test moves. */
export class FakeFleet {
  readonly temporary: TemporaryStore;
  readonly presence: Presence;
  readonly changes = new Changes();
  readonly query: ReturnType<typeof createQuery>;
  readonly questions: Questions;
  /** What the repository has, by full name or branch. */
  readonly revisions = new Map<string, RevisionReading>();
  #view: FleetView = VIEW;

  constructor(temporary: TemporaryStore) {
    this.temporary = temporary;
    this.presence = new Presence({ clock: () => temporary.now, monotonicMs: () => temporary.now });
    this.questions = new Questions(this.presence);
    const parts: QueryParts = {
      store: temporary.store,
      presence: this.presence,
      view: () => this.#view,
      changes: this.changes,
      clock: () => temporary.now,
      version: '0.1.0',
      fleet: { id: 'fleet-id', name: 'home' },
      startedAtMs: temporary.now,
      openObject: ({ ciphertext }) => ciphertext,
      questions: this.questions,
      inventory: () => temporary.store.hosts().map(({ name, labels }) => ({ name, labels })),
      renderRevision: async (revision) => {
        const reading = this.revisions.get(revision);
        if (reading === undefined) throw new MooringError('GIT_REF_MISSING', `Cannot find revision "${revision}"`);
        return reading;
      },
    };
    this.query = createQuery(parts);
  }

  static async open(hosts: readonly string[]): Promise<FakeFleet> {
    return new FakeFleet(await openTemporaryStore(hosts));
  }

  get view(): FleetView {
    return this.#view;
  }

  /** The hub says that it changed, as it does. */
  set view(view: FleetView) {
    this.#view = view;
    this.changes.notify();
  }

  get store() {
    return this.temporary.store;
  }

  /** Adds an accepted revision whose assignments are stored. */
  async accept(commit: string, verdict: RevisionVerdict = 1): Promise<RevisionRecord> {
    const texts = { commit, subject: 'A commit', author: 'Ada', problems: [], warnings: [] };
    const counts = { classesRendered: 1, objectsPublished: 0, assignmentsIssued: 0 };
    const record = await this.store.addRevision({ ...texts, ...counts, committedAtMs: 1, decidedAtMs: 2, verdict });
    await this.store.updateRevision(record.sequence, counts);
    return record;
  }

  /** Issues the stacks to the host. */
  assign(host: string, generation: bigint, stacks: readonly string[]): Promise<void> {
    const named = Object.fromEntries(stacks.map((stack) => [stack, stack]));
    return this.store.putAssignments([assignmentRecord({ host, generation, stacks: named })]);
  }

  /** The host connects and reports that it runs the stacks of that generation well, but for the change. */
  async report(host: string, generation: bigint, stacks: Readonly<Record<string, Partial<StackState>>>): Promise<void> {
    const ends = { send: () => undefined, supersede: () => undefined };
    const arrival = { host, bootId: 'boot', machineId: 'machine', questions: [], ...ends };
    const { connection } = this.presence.open(arrival, 10_000);
    await this.store.putReport({
      host,
      full: true,
      hostState: HostState.create({ acceptedGeneration: generation, appliedGeneration: generation }),
      stacks: Object.entries(stacks).map(([stack, change]) => ({ ...wellStack(stack, generation), ...change })),
      goneStacks: [],
      reportedAtMs: this.temporary.now,
    });
    connection.reported();
  }

  close(): Promise<void> {
    return this.temporary.close();
  }
}

function wellStack(stack: string, generation: bigint): StackState {
  const states = { sync: SyncState.SYNC_STATE_SYNCED, health: HealthState.HEALTH_STATE_HEALTHY };
  return StackState.create({ stack, generation, bundle: bundleName(stack), commit: 'c0ffee', ...states });
}

/** The context of a call of a person. */
export function viewer(): CallContext & { readonly end: () => void } {
  const controller = new AbortController();
  const caller = { kind: 'user', name: 'ada', role: 'viewer', identityId: 'ada' } as const;
  return { caller, signal: controller.signal, end: () => controller.abort() };
}
