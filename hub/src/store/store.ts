import type {
  Drift,
  Event,
  HealthState,
  HostState,
  RenderProblem,
  RevisionVerdict,
  Severity,
  StackState,
  SyncState,
} from '@mooring/proto';
import type { Touched } from './touched.ts';

/**
 * What the hub remembers. Reads are synchronous and see every write whose promise has resolved; writes resolve after COMMIT with
 * synchronous=FULL, and a failed write rejects with a DB_* error and changed nothing. All times are Unix milliseconds by the hub's clock.
 */
export interface Store extends IdentityStore, AssignmentStore, RevisionStore, ReportStore, EventStore {
  /** Calls the listener after each COMMIT that changed something, with whose state it touched; returns what ends the subscription. */
  subscribe(listener: (touched: Touched) => void): () => void;
  /** Flushes and closes; the store is unusable afterwards. */
  close(): Promise<void>;
}

/** A host that joined. */
export interface HostRecord {
  readonly name: string;
  readonly identityId: string;
  /** Labels it joined with. */
  readonly labels: Readonly<Record<string, string>>;
  readonly joinedAtMs: number;
  /** Hex SHA-256 of the SubjectPublicKeyInfo of its certificate. */
  readonly spkiHash: string;
  /** Of the renewed certificate until its first use; empty: none. */
  readonly nextSpkiHash: string;
  readonly certificateEndsAtMs: number;
  /** Public user nkey on the broker. */
  readonly nkey: string;
  readonly machineId: string;
  /** 0: active. */
  readonly revokedAtMs: number;
  /** Version of the agent at its last hello; empty: never connected. */
  readonly agentVersion: string;
}

/** A person with a certificate. */
export interface UserRecord {
  readonly name: string;
  readonly identityId: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly spkiHash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** 0: active. */
  readonly revokedAtMs: number;
}

/** A join string that was handed out. */
export interface InvitationRecord {
  readonly id: string;
  /** Hex SHA-256 of the token's secret. */
  readonly secretHash: string;
  readonly host: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly expiresAtMs: number;
  /** 0: not yet. */
  readonly usedAtMs: number;
  /** The host may exist; its old identity ends when the new one joins. */
  readonly replace: boolean;
}

/** Mark of a host that has not said hello since the database was restored: it may have had any generation. */
export const UNHEARD = -1n;

/** Who belongs to the fleet. Cannot be rebuilt from Git: in every backup. */
export interface IdentityStore {
  /** Sorted by name, revoked ones included. */
  hosts(): readonly HostRecord[];
  host(name: string): HostRecord | undefined;
  /**
   * Uses up the invitation and stores the host in one transaction. Rejects with TOKEN_UNKNOWN, TOKEN_USED or TOKEN_EXPIRED, or HOST_EXISTS
   * where an active host has the name and the invitation does not replace it.
   */
  joinHost(invitationId: string, host: HostRecord): Promise<void>;
  /** Stores a host by what it told of itself, and what a person said of it: this hub did not remember it, or not by this key. */
  admitHost(host: HostRecord, highWater: bigint): Promise<void>;
  /** Highest generation that a host told; 0: none, UNHEARD: it said nothing since the database was restored. */
  highWater(name: string): bigint;
  /** Of all hosts. */
  highWaters(): ReadonlyMap<string, bigint>;
  /** Keeps the highest. */
  putHighWater(name: string, highWater: bigint): Promise<void>;
  /** True for a key that spoke for a host and no longer does. */
  isEndedKey(spkiHash: string): boolean;
  updateHost(name: string, change: Partial<Omit<HostRecord, 'name'>>): Promise<void>;
  /** Removes the host with its states, assignments and drift; its events stay. */
  removeHost(name: string): Promise<void>;
  invitation(id: string): InvitationRecord | undefined;
  addInvitation(invitation: InvitationRecord): Promise<void>;
  users(): readonly UserRecord[];
  user(name: string): UserRecord | undefined;
  putUser(user: UserRecord): Promise<void>;
}

/** An assignment that was issued. */
export interface AssignmentRecord {
  readonly host: string;
  readonly generation: bigint;
  /** DSSE envelope bytes. */
  readonly envelope: Uint8Array;
  /** Digest of the envelope bytes. */
  readonly digest: string;
  /** Digest of the content that decides whether a new one is issued: everything but generation, time, reason, actor and seal. */
  readonly contentDigest: string;
  /** Objects that it names: the host may fetch these and no others. */
  readonly objects: readonly string[];
  /** Sequence of the first revision that it satisfies. */
  readonly revision: number;
  readonly issuedAtMs: number;
  /** Generation of the one before, when that lies above it and no host can ever take it; absent: this one is above all before. */
  readonly passesOver?: bigint | undefined;
}

/** One stack of an assignment. */
export interface AssignedStack {
  readonly stack: string;
  /** Hex of the commit that last changed its release. */
  readonly commit: string;
  /** Name of the bundle's object. */
  readonly bundle: string;
}

/** An assignment without its bytes, for the views; `stacks` is read from the envelope. */
export interface AssignmentHead {
  readonly host: string;
  readonly generation: bigint;
  readonly digest: string;
  readonly revision: number;
  readonly issuedAtMs: number;
  /** Sorted by stack. */
  readonly stacks: readonly AssignedStack[];
}

/** A sealed object. */
export interface ObjectRecord {
  readonly object: string;
  readonly plainDigest: string;
  readonly plainSize: number;
  readonly ciphertext: Uint8Array;
  /** Stack of a bundle; empty for a mounted content. */
  readonly stack: string;
}

/** What was published. The broker's content can be rebuilt from here. */
export interface AssignmentStore {
  /** The newest of a host. */
  assignment(host: string): AssignmentRecord | undefined;
  /** The newest of every host, sorted by host. */
  assignments(): readonly AssignmentRecord[];
  assignmentHead(host: string): AssignmentHead | undefined;
  /** The newest of every host without its bytes, sorted by host. */
  assignmentHeads(): readonly AssignmentHead[];
  /** Hosts whose newest assignment names the object, sorted. */
  hostsOfObject(object: string, limit: number): readonly string[];
  /** Generation that satisfies the revision on that host: the newest whose `revision` is not above it; undefined: none was issued. */
  generationFor(host: string, revision: number): bigint | undefined;
  /** Generations that satisfy the revision, of every host that has one. */
  generationsFor(revision: number): ReadonlyMap<string, bigint>;
  /** Rejects with HOST_UNKNOWN for a host that did not join, with ASSIGNMENT_* for bytes that are no envelope of an assignment. */
  putAssignments(records: readonly AssignmentRecord[]): Promise<void>;
  object(object: string): ObjectRecord | undefined;
  objectByPlainDigest(plainDigest: string): ObjectRecord | undefined;
  /** Bundles whose object or plain digest starts with the hex digits; at most two are returned, to tell "ambiguous". */
  findBundles(hexPrefix: string): readonly ObjectRecord[];
  /** Names of all objects. */
  objectNames(): readonly string[];
  putObjects(records: readonly ObjectRecord[]): Promise<void>;
  /** Removes objects that no newest assignment names and that are older than the retention. Returns their names. */
  pruneObjects(olderThanMs: number): Promise<readonly string[]>;
}

/** A commit that was decided on. */
export interface RevisionRecord {
  /** Grows by one with each decision. */
  readonly sequence: number;
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
  readonly decidedAtMs: number;
  readonly verdict: RevisionVerdict;
  readonly problems: readonly RenderProblem[];
  readonly warnings: readonly RenderProblem[];
  readonly classesRendered: number;
  readonly objectsPublished: number;
  readonly assignmentsIssued: number;
  /** True once `updateRevision` was called: all its assignments are stored. */
  readonly issued: boolean;
}

/** A commit that this hub has no record of, by an assignment that it signed once and a host still has. */
export interface ToldRevision {
  readonly commit: string;
  /** Who told of it. */
  readonly host: string;
  readonly issuedAtMs: number;
  /** Of that assignment. */
  readonly reason: string;
  readonly actor: string;
}

/** What became of commits. */
export interface RevisionStore {
  /** Commits that only hosts know of, newest first. */
  toldRevisions(): readonly ToldRevision[];
  addToldRevisions(revisions: readonly ToldRevision[]): Promise<void>;
  /** Newest first, from below the sequence on. */
  revisions(limit: number, belowSequence?: number): readonly RevisionRecord[];
  /** The newest decision on a commit whose hex starts with the prefix. */
  revision(commitPrefix: string): RevisionRecord | undefined;
  newestRevision(): RevisionRecord | undefined;
  acceptedRevision(): RevisionRecord | undefined;
  /** Stores a decision and returns it with its sequence. */
  addRevision(revision: Omit<RevisionRecord, 'sequence' | 'issued'>): Promise<RevisionRecord>;
  /** Fills in the counts once all its assignments are stored, also when none was issued: only then can a host be done with it. */
  updateRevision(
    sequence: number,
    counts: Pick<RevisionRecord, 'objectsPublished' | 'assignmentsIssued'>,
  ): Promise<void>;
}

/** What sums need of what a host said last. */
export interface HostHead {
  readonly host: string;
  readonly acceptedGeneration: bigint;
  readonly appliedGeneration: bigint;
  /** `CODE: sentence` of the newest refusal; empty: none. */
  readonly refusal: string;
  /** `CODE: sentence` of what is wrong with the host; empty: nothing. */
  readonly problem: string;
  readonly reportedAtMs: number;
}

/** What sums need of what a host said last of a stack. */
export interface StackHead {
  readonly host: string;
  readonly stack: string;
  readonly commit: string;
  readonly bundle: string;
  readonly generation: bigint;
  readonly sync: SyncState;
  readonly health: HealthState;
  readonly reason: string;
  readonly appliedAtMs: number;
  readonly lastHealthyBundle: string;
  readonly reportedAtMs: number;
  /** Since when sync and health are what they are, by the hub's clock. */
  readonly sinceMs: number;
}

/** Which stack states are asked for; absent: all. */
export interface StackFilter {
  readonly host?: string | undefined;
  readonly stack?: string | undefined;
}

/** What a host said last. */
export interface HostStateRecord {
  readonly host: string;
  readonly state: HostState;
  readonly reportedAtMs: number;
}

/** What a host said last of a stack. */
export interface StackStateRecord {
  readonly host: string;
  readonly stack: string;
  readonly state: StackState;
  readonly reportedAtMs: number;
  /** Since when sync and health are what they are, by the hub's clock. */
  readonly sinceMs: number;
}

/** One report, ready to be stored. */
export interface ReportWrite {
  readonly host: string;
  readonly full: boolean;
  readonly hostState: HostState | undefined;
  readonly stacks: readonly StackState[];
  readonly goneStacks: readonly string[];
  readonly reportedAtMs: number;
}

/** Which drift is asked for. Rows come sorted by host, stack, service, replica, field. */
export interface DriftQuery {
  readonly host?: string | undefined;
  readonly stack?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** What hosts observe. Can be rebuilt from the agents. */
export interface ReportStore {
  hostStates(): readonly HostStateRecord[];
  hostState(host: string): HostStateRecord | undefined;
  /** Sorted by host, then stack. */
  stackStates(filter?: StackFilter): readonly StackStateRecord[];
  hostHeads(host?: string): readonly HostHead[];
  /** Sorted by host, then stack; without reading the messages themselves. */
  stackHeads(filter?: StackFilter): readonly StackHead[];
  drift(query: DriftQuery): { readonly rows: readonly Drift[]; readonly total: number };
  /** Differences of each host that has any. */
  driftCounts(filter?: StackFilter): ReadonlyMap<string, number>;
  /** Replaces what the report covers, in the order of calls for one host. Rejects with HOST_UNKNOWN for a host that was removed. */
  putReport(report: ReportWrite): Promise<void>;
  /** When each host gave its last sign of life, as far as it was flushed. */
  lastSeen(): ReadonlyMap<string, number>;
  /** Flushes signs of life; hosts that were removed are passed over. */
  putLastSeen(lastSeen: ReadonlyMap<string, number>): Promise<void>;
}

/** Which events are asked for. */
export interface EventQuery {
  readonly host?: string | undefined;
  readonly stack?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly limit: number;
  /** Newest first below this cursor; absent: from the newest. */
  readonly belowCursor?: bigint | undefined;
  /** Oldest first above this cursor, instead. */
  readonly aboveCursor?: bigint | undefined;
}

/** What happened. */
export interface EventStore {
  events(query: EventQuery): readonly Event[];
  /** Highest cursor; 0: none. */
  newestCursor(): bigint;
  /** Highest stored sequence of an outbox; 0: none. */
  storedSequence(host: string, outboxId: string): bigint;
  /** Stores each event once, by (host, outboxId, sequence); returns those that are new, with cursor and times. */
  addEvents(host: string, outboxId: string, events: readonly Event[]): Promise<readonly Event[]>;
  /** Stores an event of the hub itself (host may name whom it concerns). */
  addHubEvent(event: HubEventDraft): Promise<Event>;
}

/** An event of the hub itself; all but kind, severity and message may be left out. */
export type HubEventDraft = Pick<Event, 'kind' | 'severity' | 'message'> & Partial<Event>;
