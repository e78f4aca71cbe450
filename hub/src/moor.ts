import { type RenderProblem, RevisionVerdict, Severity } from '@mooring/proto';
import type { Publisher } from './publish/publisher.ts';
import type { Rendering } from './render/rendering.ts';
import type { Assigner, AssignOrder } from './sign/assigner.ts';
import type { RevisionRecord, Store } from './store/store.ts';
import { Turns } from './turns.ts';

/** A commit that the source looked at, and what rendering made of it. */
export interface Candidate {
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
  /** Absent: it does not render, and `problems` says why. */
  readonly rendering: Rendering | undefined;
  readonly problems: readonly RenderProblem[];
  readonly warnings: readonly RenderProblem[];
}

/** What deciding relies on. */
export interface MoorParts {
  readonly store: Store;
  readonly assigner: Assigner;
  readonly publisher: Publisher;
  readonly clock: () => number;
  /** Wakes who watches the fleet. */
  readonly changed: () => void;
}

/** Counts since the start. */
export interface MoorCounters {
  classesRendered: number;
  assignmentsIssued: number;
}

/** A commit that is only carried out again turns no host back that may be further. */
const NOBODY: ReadonlySet<string> = new Set();

/** Decides on commits: accepted ones become assignments, refused ones change nothing. One decision at a time, in order. */
export class Moor {
  readonly counters: MoorCounters = { classesRendered: 0, assignmentsIssued: 0 };
  readonly #parts: MoorParts;
  readonly #turns = new Turns();
  #rendering: Rendering | undefined;

  constructor(parts: MoorParts) {
    this.#parts = parts;
  }

  /** The rendering that the fleet follows, once there is one since the start. */
  get rendering(): Rendering | undefined {
    return this.#rendering;
  }

  /** Stores the decision on a new commit, and carries it out. */
  decide(candidate: Candidate): Promise<RevisionRecord> {
    return this.#turns.take(() => this.#decide(candidate));
  }

  /** Carries out the accepted commit again: the inventory changed, the hub has just started, or a person takes over hosts that are ahead. */
  renew(rendering: Rendering, reason: string, takesOver: ReadonlySet<string> = NOBODY): Promise<void> {
    return this.#turns.take(async () => {
      const accepted = this.#parts.store.acceptedRevision();
      if (accepted !== undefined) await this.#assign(accepted, { rendering, reason, takesOver });
    });
  }

  async #decide(candidate: Candidate): Promise<RevisionRecord> {
    const { store, clock, changed } = this.#parts;
    const { rendering, ...commit } = candidate;
    const revision = await store.addRevision({
      commit: commit.commit,
      subject: commit.subject,
      author: commit.author,
      committedAtMs: commit.committedAtMs,
      decidedAtMs: clock(),
      verdict:
        rendering === undefined ? RevisionVerdict.REVISION_VERDICT_REFUSED : RevisionVerdict.REVISION_VERDICT_ACCEPTED,
      problems: candidate.problems,
      warnings: candidate.warnings,
      classesRendered: rendering?.classesRendered ?? 0,
      objectsPublished: 0,
      assignmentsIssued: 0,
    });
    if (rendering === undefined) await this.#tellRefused(candidate);
    else await this.#accept(revision, rendering);
    changed();
    return revision;
  }

  async #accept(revision: RevisionRecord, rendering: Rendering): Promise<void> {
    const { store } = this.#parts;
    this.counters.classesRendered += rendering.classesRendered;
    const reason = `commit ${revision.commit.slice(0, 12)}: ${revision.subject}`;
    await this.#assign(revision, { rendering, reason, takesOver: 'all' });
    await store.addHubEvent({
      kind: 'revision.accepted',
      severity: Severity.SEVERITY_INFO,
      message: `commit ${revision.commit.slice(0, 12)} is accepted: ${revision.subject}`,
      commit: revision.commit,
    });
  }

  async #assign(
    revision: RevisionRecord,
    { rendering, reason, takesOver }: Pick<AssignOrder, 'rendering' | 'reason' | 'takesOver'>,
  ): Promise<void> {
    const { store, assigner, publisher, changed } = this.#parts;
    const { commit, sequence, author } = revision;
    let objectsThere: Promise<void> = Promise.resolve();
    const publishing: Promise<void>[] = [];
    const { objects, assignments } = await assigner.assign({
      rendering,
      commit,
      revision: sequence,
      reason,
      actor: author,
      takesOver,
      onStored: (stored) => {
        const published = objectsThere.then(() => publisher.publish(stored.objects, stored.assignments));
        if (stored.objects.length > 0) objectsThere = published;
        publishing.push(published);
      },
    });
    this.#rendering = rendering;
    this.counters.assignmentsIssued += assignments.length;
    await store.updateRevision(sequence, {
      objectsPublished: revision.objectsPublished + objects.length,
      assignmentsIssued: revision.assignmentsIssued + assignments.length,
    });
    await Promise.all(publishing);
    changed();
  }

  async #tellRefused({ commit, problems }: Candidate): Promise<void> {
    const first = problems[0];
    await this.#parts.store.addHubEvent({
      kind: 'revision.refused',
      severity: Severity.SEVERITY_ERROR,
      message: `commit ${commit.slice(0, 12)} is refused: ${first?.message ?? 'it does not render'}`,
      code: first?.code ?? 'RENDER_FAILED',
      stack: first?.stack ?? '',
      commit,
    });
  }
}
