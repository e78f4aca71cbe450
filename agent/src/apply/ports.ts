import type { Event } from '@mooring/proto';
import type { Receipt } from '../plan/receipt.ts';

/** What a running apply writes down before and after each boundary; durable when the call returns. */
export interface Journal {
  /** Entries of an apply that did not finish, oldest first. */
  unfinished(): readonly JournalEntry[];
  /** Writes an entry and returns its id. */
  begin(entry: Omit<JournalEntry, 'id'>): number;
  /** Replaces what the entry says, as the step goes on. */
  update(id: number, entry: Omit<JournalEntry, 'id'>): void;
  /** The step is finished or undone. */
  finish(id: number): void;
}

/** One step that changes the engine in more than one call. */
export interface JournalEntry {
  readonly id: number;
  /** Kind of what was begun: "apply" of a whole stack, or a step such as "replace-container". */
  readonly kind: string;
  /** How far it has come, in the step's own words. */
  readonly stage: string;
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  /** Final name of the container. */
  readonly name: string;
  /** Name of the container whose namespaces are shared by all that stand or fall together; empty: it stands alone. */
  readonly group: string;
  /** Name of the container that is replaced, before; empty: none. */
  readonly oldName: string;
  /** Engine id of the container that is replaced; empty: none. */
  readonly oldId: string;
  /** Whether the replaced container is to run when it comes back: not one that did its work. */
  readonly startsOld: boolean;
  /** Whether the replaced container runs on until the new one is proven healthy. */
  readonly overlaps: boolean;
  /** Name under which the replaced container is kept; empty: none. */
  readonly keptName: string;
  /** Engine id of the new container; empty: not created yet. */
  readonly newId: string;
}

/** What an entry says of containers where it is about none. */
export const NO_CONTAINER = {
  service: '',
  replica: 0,
  name: '',
  group: '',
  oldName: '',
  oldId: '',
  startsOld: false,
  overlaps: false,
  keptName: '',
  newId: '',
} as const;

/** The agent's own record of what it made: ownership is label and record together. */
export interface OwnRecord {
  /** False after each start until what is missing was taken back: the disk may not have taken all of it. */
  readonly isComplete: boolean;
  /** Everything on the engine that is ours is on it. */
  completed(): void;
  has(kind: OwnedKind, id: string): boolean;
  find(kind: OwnedKind, id: string): OwnedObject | undefined;
  all(kind: OwnedKind): readonly OwnedObject[];
  remember(object: OwnedObject): void;
  forget(kind: OwnedKind, id: string): void;
  /** Whether somebody stopped the container and nobody started it since. */
  wasStopped(container: string): boolean;
  markStopped(container: string, stopped: boolean): void;
}

export type OwnedKind = 'container' | 'network' | 'volume';

/** One object that the agent made, or took back. Volumes are known by name. */
export interface OwnedObject {
  readonly kind: OwnedKind;
  readonly id: string;
  readonly stack: string;
  /** Service of a container; key of a network or volume. */
  readonly key: string;
  /** What it satisfies: the specification that it was made from, or a later one that it was brought to. */
  readonly specDigest: string;
}

/** What a container was like right after Mooring started it: what is expected where Compose sets nothing. */
export interface Receipts {
  find(container: string): Receipt | undefined;
  /** Durable when the call returns. */
  put(container: string, receipt: Receipt): void;
  /** Forgets all but these containers. */
  keepOnly(containers: ReadonlySet<string>): void;
}

/** Replicas of services that did their work once and for all. */
export interface Completions {
  find(replica: CompletedReplica): Completion | undefined;
  remember(replica: CompletedReplica, completion: Completion): void;
  /** Forgets those whose stack is not among these. */
  keepOnly(stacks: ReadonlySet<string>): void;
}

/** A replica under one specification. */
export interface CompletedReplica {
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  readonly specDigest: string;
}

/** How it ended. */
export interface Completion {
  readonly exitCode: number;
  /** Unix milliseconds of the start. */
  readonly startedAtMs: number;
}

/** An event before the outbox gives it its sequence. */
export type EventDraft = Pick<Event, 'kind' | 'severity' | 'message'> & Partial<Event>;

/** Tells the outbox what happened. */
export type Tell = (event: EventDraft) => void;
