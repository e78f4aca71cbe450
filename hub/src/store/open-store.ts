import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { Event, MooringError, type Problem } from '@mooring/proto';
import { assignmentReads } from './assignment-reads.ts';
import { openBallast } from './ballast.ts';
import { checkDatabase, empty } from './check.ts';
import { eventReads, toEventRow } from './event-reads.ts';
import { identityReads } from './identity-reads.ts';
import { lockDatabase } from './lock.ts';
import { logProblem } from './log-keeper.ts';
import { checkLog, growMarker, readMarker } from './marker.ts';
import { reportReads } from './report-reads.ts';
import { toReportRows } from './report-rows.ts';
import { FIRST_PRUNE_MS, PROBLEM_PRUNE_MS, PRUNE_INTERVAL_MS } from './retention.ts';
import { revisionReads, toRevisionRow } from './revision-reads.ts';
import { migrate } from './schema.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';
import type { AssignmentStore, EventStore, IdentityStore, ReportStore, RevisionStore, Store } from './store.ts';
import { probeDisk, StoreHealth } from './store-health.ts';
import type { Touched } from './touched.ts';
import { startWriteQueue, type WriteQueue } from './write-queue.ts';

/** What a store is opened with. */
export interface StoreOptions {
  /** Path of the database. */
  readonly file: string;
  /** The fleet that the database must belong to. */
  readonly fleetId: string;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** What a new store is made with; without a clock, that of the machine. */
export type NewStoreOptions = Omit<StoreOptions, 'clock'> & Partial<Pick<StoreOptions, 'clock'>>;

/** A store on a disk, which may be full. */
export interface OpenedStore extends Store {
  /** Why the disk takes nothing, from the first write that failed until one of a real size works. */
  problem(): Problem | undefined;
}

/** Makes the database of a new fleet, whole or not at all. Throws FLEET_EXISTS where one is. */
export function createStore({ file, fleetId, clock = Date.now }: NewStoreOptions): void {
  if (existsSync(file)) {
    const message = 'Cannot create the database: one is there; a free path is wanted';
    throw new MooringError('FLEET_EXISTS', message, { place: { file } });
  }
  const unfinished = `${file}.new`;
  for (const rest of ['', '-wal', '-shm']) rmSync(`${unfinished}${rest}`, { force: true });
  const database = openUnfinished(unfinished);
  try {
    database.pragma('journal_mode = WAL');
    migrate(database);
    database.run('INSERT INTO marker (id, fleet_id, created_at_ms) VALUES (1, ?, ?)', fleetId, clock());
  } finally {
    database.close();
  }
  renameSync(unfinished, file);
}

function openUnfinished(file: string): Sqlite {
  try {
    // Made first so that nobody but the owner can ever read it.
    closeSync(openSync(file, 'wx', 0o600));
  } catch (cause) {
    const message = 'Cannot create the database: its folder cannot be written to; a writable data folder is wanted';
    throw new MooringError('DB_OPEN', message, { place: { file }, cause });
  }
  return openSqlite(file, 'write');
}

/**
 * Opens the database of a fleet and starts its writer. Rejects with a DB_* code (or FLEET_MISMATCH) where the file is missing, empty, locked
 * by another hub, damaged, newer, or not this fleet's; the file then stays as it is.
 */
export async function openStore(options: StoreOptions): Promise<OpenedStore> {
  const { file, fleetId, clock } = options;
  checkFile(file);
  const unlock = lockDatabase(file);
  try {
    const database = begin(file, fleetId);
    const listeners = new Set<(touched: Touched) => void>();
    const queue = startWriteQueue(file, (touched) => {
      for (const listener of listeners) listener(touched);
    });
    const health = new StoreHealth({ clock, probe: () => probeDisk(file) });
    const stopPruning = startPruning(queue, clock);
    return {
      ...readsAndWrites({ database, queue: health.watch(queue), clock }),
      problem: () => health.problem ?? queue.problem() ?? logProblem(file),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      close: async () => {
        stopPruning();
        health.close();
        database.close();
        await queue.close();
        unlock();
      },
    };
  } catch (cause) {
    unlock();
    throw cause;
  }
}

/** Everything that a store answers and takes, over one connection that reads and one queue that writes. */
export function readsAndWrites({
  database,
  queue,
  clock,
}: {
  readonly database: Sqlite;
  readonly queue: Pick<WriteQueue, 'write'>;
  readonly clock: () => number;
}): Omit<Store, 'subscribe' | 'close'> {
  return {
    ...identityReads(database),
    ...assignmentReads(database),
    ...revisionReads(database),
    ...reportReads(database),
    ...eventReads(database),
    ...identityWrites(queue, clock),
    ...assignmentWrites(queue, clock),
    ...revisionWrites(queue),
    ...reportWrites(queue),
    ...eventWrites(queue, clock),
  };
}

function checkFile(file: string): void {
  const status = statSync(file, { throwIfNoEntry: false });
  if (status === undefined) {
    const message = 'Cannot open the database: it is not there; one that `mooring init` made is wanted';
    throw new MooringError('DB_OPEN', message, {
      place: { file },
      hint: 'Restore the newest backup, or make the hub again from its keys: mooring init --keys DIR.',
    });
  }
  if (!status.isFile()) {
    throw new MooringError('DB_OPEN', 'Cannot open the database: it is no file; a file is wanted', { place: { file } });
  }
  if (status.size === 0) throw empty(file);
}

/** Begins; where the disk is full, with the room that was kept for that day. */
function begin(file: string, fleetId: string): Sqlite {
  try {
    return beginOnce(file, fleetId);
  } catch (error) {
    const isFull = error instanceof MooringError && error.code === 'DB_FULL';
    if (!isFull || !openBallast(file).release()) throw error;
    return beginOnce(file, fleetId);
  }
}

/** Checks everything, says in the database file itself that a hub works on it, and returns the connection that reads. */
function beginOnce(file: string, fleetId: string): Sqlite {
  checkLog(file);
  const database = openSqlite(file, 'write');
  try {
    checkDatabase(database, file, fleetId);
    database.pragma('journal_mode = WAL');
    moveLog(database, file);
    growMarker(database, 0);
    moveLog(database, file);
    const reading = openSqlite(file, 'read');
    // From its first read on, the log outlives the connection that is closed here.
    readMarker(reading);
    return reading;
  } finally {
    database.close();
  }
}

function moveLog(database: Sqlite, file: string): void {
  if (database.checkpoint('PASSIVE') || database.checkpoint('RESTART')) return;
  const message = 'Cannot open the database: another program reads it all the time; one hub per database is wanted';
  throw new MooringError('DB_LOCKED', message, { place: { file }, hint: 'Wait until the backup that runs has ended.' });
}

/**
 * Prunes in small steps, more often while the disk is full: what is pruned makes room, and the writer looks whether there is some again. A step that
 * fails is tried at the next interval: the writes of others report the same trouble.
 */
function startPruning(queue: WriteQueue, clock: () => number): () => void {
  const prune = () => {
    queue.write('prune', { nowMs: clock() }).then(
      (more) => {
        if (more) prune();
      },
      () => undefined,
    );
  };
  const look = () => {
    if (queue.problem() !== undefined) prune();
  };
  const timers = [
    setTimeout(prune, FIRST_PRUNE_MS),
    setInterval(prune, PRUNE_INTERVAL_MS),
    setInterval(look, PROBLEM_PRUNE_MS),
  ];
  for (const timer of timers) timer.unref();
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}

type Written<Part, Kinds extends keyof Part> = Pick<Part, Kinds>;

function identityWrites(
  queue: Pick<WriteQueue, 'write'>,
  clock: () => number,
): Written<
  IdentityStore,
  'joinHost' | 'admitHost' | 'putHighWater' | 'updateHost' | 'removeHost' | 'addInvitation' | 'putUser'
> {
  return {
    joinHost: (invitationId, host) => queue.write('joinHost', { invitationId, host }),
    admitHost: (host, highWater) => queue.write('admitHost', { host, highWater: Number(highWater), atMs: clock() }),
    putHighWater: (name, highWater) => queue.write('putHighWater', { name, highWater: Number(highWater) }),
    updateHost: (name, change) => queue.write('updateHost', { name, change, atMs: clock() }),
    removeHost: (name) => queue.write('removeHost', { name, atMs: clock() }),
    addInvitation: (invitation) => queue.write('addInvitation', invitation),
    putUser: (user) => queue.write('putUser', user),
  };
}

function assignmentWrites(
  queue: Pick<WriteQueue, 'write'>,
  clock: () => number,
): Written<AssignmentStore, 'putAssignments' | 'putObjects' | 'pruneObjects'> {
  return {
    putAssignments: (records) => queue.write('putAssignments', { records }),
    putObjects: (records) => queue.write('putObjects', { records, storedAtMs: clock() }),
    pruneObjects: (olderThanMs) => queue.write('pruneObjects', { olderThanMs }),
  };
}

function revisionWrites(
  queue: Pick<WriteQueue, 'write'>,
): Written<RevisionStore, 'addRevision' | 'updateRevision' | 'addToldRevisions'> {
  return {
    addRevision: async (revision) => {
      const sequence = await queue.write('addRevision', toRevisionRow(revision));
      return { ...revision, sequence, issued: false };
    },
    addToldRevisions: (revisions) => queue.write('addToldRevisions', { revisions }),
    updateRevision: (sequence, counts) => queue.write('updateRevision', { sequence, ...counts }),
  };
}

function reportWrites(queue: Pick<WriteQueue, 'write'>): Written<ReportStore, 'putReport' | 'putLastSeen'> {
  return {
    putReport: (report) => queue.write('putReport', toReportRows(report)),
    putLastSeen: (lastSeen) => queue.write('putLastSeen', { entries: [...lastSeen] }),
  };
}

function eventWrites(
  queue: Pick<WriteQueue, 'write'>,
  clock: () => number,
): Written<EventStore, 'addEvents' | 'addHubEvent'> {
  const add = async (host: string, outboxId: string, events: readonly Event[]) => {
    const storedAtMs = clock();
    const rows = events.map((event) => toEventRow(event, host));
    const cursors = await queue.write('addEvents', { host, outboxId, events: rows, storedAtMs });
    return events.flatMap((event, index) => {
      const cursor = BigInt(cursors[index] ?? 0);
      return cursor === 0n ? [] : [{ ...event, host, cursor, storedAtMs: BigInt(storedAtMs) }];
    });
  };
  return {
    addEvents: add,
    addHubEvent: async (draft) => {
      const event: Event = { ...Event.create(), atMs: BigInt(clock()), ...draft };
      const [stored] = await add(event.host, '', [event]);
      if (stored === undefined)
        throw new MooringError('INTERNAL', 'Cannot store an event of the hub: the writer gave it no cursor');
      return stored;
    },
  };
}
