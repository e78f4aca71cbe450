import type {
  AssignmentRecord,
  HostRecord,
  InvitationRecord,
  ObjectRecord,
  ToldRevision,
  UserRecord,
} from './store.ts';

/** A stack's row of a report; `body` is the encoded StackState without host and drift. */
export interface StackRow {
  readonly stack: string;
  readonly commit: string;
  readonly bundle: string;
  readonly generation: number;
  readonly sync: number;
  readonly health: number;
  readonly reason: string;
  readonly appliedAtMs: number;
  readonly lastHealthyBundle: string;
  readonly body: Uint8Array;
  readonly drift: readonly DriftRow[];
}

/** A difference's row; `body` is the encoded Drift. */
export interface DriftRow {
  readonly service: string;
  readonly replica: number;
  readonly field: string;
  readonly object: number;
  readonly name: string;
  readonly kind: number;
  readonly body: Uint8Array;
}

/** A host's row of a report; `body` is the encoded HostState. */
export interface HostRow {
  readonly acceptedGeneration: number;
  readonly appliedGeneration: number;
  readonly refusal: string;
  readonly problem: string;
  readonly body: Uint8Array;
}

/** A report as rows. */
export interface ReportRows {
  readonly host: string;
  readonly full: boolean;
  readonly hostRow: HostRow | undefined;
  readonly stacks: readonly StackRow[];
  readonly goneStacks: readonly string[];
  readonly reportedAtMs: number;
}

/** An event's row; `body` is the encoded Event without cursor and time of storing. */
export interface EventRow {
  readonly sequence: number;
  readonly stack: string;
  readonly severity: number;
  readonly body: Uint8Array;
}

/** A revision's row; `body` is the encoded Revision without counts. */
export interface RevisionRow {
  readonly commit: string;
  readonly verdict: number;
  readonly objectsPublished: number;
  readonly assignmentsIssued: number;
  readonly body: Uint8Array;
}

/** Every change of the database: what it takes and what it answers. All of it can cross to another thread. */
export interface Writes {
  joinHost: { takes: { invitationId: string; host: HostRecord }; answers: undefined };
  admitHost: { takes: { host: HostRecord; highWater: number; atMs: number }; answers: undefined };
  putHighWater: { takes: { name: string; highWater: number }; answers: undefined };
  updateHost: {
    takes: { name: string; change: Partial<Omit<HostRecord, 'name'>>; atMs: number };
    answers: undefined;
  };
  removeHost: { takes: { name: string; atMs: number }; answers: undefined };
  addInvitation: { takes: InvitationRecord; answers: undefined };
  putUser: { takes: UserRecord; answers: undefined };
  putAssignments: { takes: { records: readonly AssignmentRecord[] }; answers: undefined };
  putObjects: { takes: { records: readonly ObjectRecord[]; storedAtMs: number }; answers: undefined };
  pruneObjects: { takes: { olderThanMs: number }; answers: readonly string[] };
  addRevision: { takes: RevisionRow; answers: number };
  updateRevision: {
    takes: { sequence: number; objectsPublished: number; assignmentsIssued: number };
    answers: undefined;
  };
  addToldRevisions: { takes: { revisions: readonly ToldRevision[] }; answers: undefined };
  putReport: { takes: ReportRows; answers: undefined };
  putLastSeen: { takes: { entries: readonly (readonly [host: string, lastSeenMs: number])[] }; answers: undefined };
  /** Answers a cursor for each event; 0: it was stored before. An empty outbox id: the hub's own. */
  addEvents: {
    takes: { host: string; outboxId: string; events: readonly EventRow[]; storedAtMs: number };
    answers: readonly number[];
  };
  /** Answers whether more is left to prune. */
  prune: { takes: { nowMs: number }; answers: boolean };
}

/** Name of a change. */
export type WriteKind = keyof Writes;

/** A change on its way to the writer. */
export interface Write<K extends WriteKind = WriteKind> {
  readonly kind: K;
  readonly takes: Writes[K]['takes'];
}

/** What became of a change; a failed one changed nothing. */
export type WriteOutcome = { readonly answer: unknown } | { readonly failure: unknown };
