import type { Event } from '@mooring/proto';

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
  /** Kind of the step, such as "replace-container". */
  readonly kind: string;
  /** How far it has come, in the step's own words. */
  readonly stage: string;
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  /** Final name of the container. */
  readonly name: string;
  /** Engine id of the container that is replaced; empty: none. */
  readonly oldId: string;
  /** Name under which the replaced container is kept; empty: none. */
  readonly keptName: string;
  /** Engine id of the new container; empty: not created yet. */
  readonly newId: string;
}

/** The agent's own record of what it made: ownership is label and record together. */
export interface OwnRecord {
  has(kind: OwnedKind, id: string): boolean;
  all(kind: OwnedKind): readonly OwnedObject[];
  remember(object: OwnedObject): void;
  forget(kind: OwnedKind, id: string): void;
}

export type OwnedKind = 'container' | 'network' | 'volume';

/** One object that the agent made, or took back. Volumes are known by name. */
export interface OwnedObject {
  readonly kind: OwnedKind;
  readonly id: string;
  readonly stack: string;
  /** Service of a container; key of a network or volume. */
  readonly key: string;
  readonly specDigest: string;
}

/** An event before the outbox gives it its sequence. */
export type EventDraft = Pick<Event, 'kind' | 'severity' | 'message'> & Partial<Event>;

/** Tells the outbox what happened. */
export type Tell = (event: EventDraft) => void;
