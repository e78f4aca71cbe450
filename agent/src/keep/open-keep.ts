import { join, resolve } from 'node:path';
import { AcceptedFile } from './accepted-file.ts';
import { type Chance, MACHINE_CHANCE } from './chance.ts';
import { KeptCompletions } from './completions.ts';
import { ContentStore } from './content-store.ts';
import { maskKeyOf, type OpenedDatabase, openDatabase } from './database.ts';
import { type Disk, ensureFolder, probeDisk, REAL_DISK } from './disk.ts';
import { DiskHealth } from './disk-health.ts';
import { KeptJournal } from './journal.ts';
import { KnownLabels } from './known-labels.ts';
import { type FolderLock, lockFolder } from './lock.ts';
import { Outbox, type OutboxBounds } from './outbox.ts';
import { KeptRecord } from './own-record.ts';
import { KeptReceipts } from './receipts.ts';
import { Releases } from './releases.ts';
import { StandIn } from './stand-in.ts';

/** Everything that the agent has on disk. */
export interface Keep {
  readonly disk: Disk;
  readonly accepted: AcceptedFile;
  readonly contents: ContentStore;
  readonly journal: KeptJournal;
  readonly record: KeptRecord;
  readonly receipts: KeptReceipts;
  readonly completions: KeptCompletions;
  /** 32 random bytes of this host: digests keyed by it tell equal values of one host, and nothing to anybody else. */
  readonly maskKey: Uint8Array;
  readonly outbox: Outbox;
  readonly releases: Releases;
  readonly labels: KnownLabels;
  readonly health: DiskHealth;
  /** True: the database was damaged and begun anew, or a part of it could not be read. */
  readonly recordLost: boolean;
  /** Looks whether a disk that was full takes writes again, and brings home what waited in memory. True: it just did. Throws STATE_LOCKED. */
  check(): boolean;
  close(): void;
}

/** What a folder is opened with; all but the clock is the machine's own unless told otherwise. */
export interface KeepParts {
  readonly nowMs: () => number;
  readonly disk?: Disk | undefined;
  /** Folder in memory for what a full or read-only disk does not take. */
  readonly memory?: string | undefined;
  readonly place?: Place | undefined;
  readonly chance?: Chance | undefined;
  readonly outboxBounds?: OutboxBounds | undefined;
}

/** Where lock and database are: on the disk, or in memory while that takes nothing. */
export interface Place {
  lock(): FolderLock;
  open(file: string): OpenedDatabase;
  /** Everything is on the disk: nothing has to stay in memory. */
  cameHome(): void;
}

function machinePlace(folder: string, memory: string | undefined): Place {
  const standIn = new StandIn(folder, memory);
  return {
    lock: () => lockFolder(folder, standIn),
    open: (file) => openDatabase(file, standIn),
    cameHome: () => standIn.remove(),
  };
}

/**
 * Opens the agent's folder for this process alone; a disk that is full or read-only does not keep it from starting. Throws STATE_LOCKED, or DISK_FULL
 * where the folder was never complete or there is no memory either.
 */
export function openKeep(data: string, parts: KeepParts): Keep {
  const folder = resolve(data);
  const { disk = REAL_DISK, place = machinePlace(folder, parts.memory), chance = MACHINE_CHANCE } = parts;
  ensureFolder(disk, join(folder, 'state'));
  const lock = place.lock();
  try {
    const file = join(folder, 'agent.db');
    const opened = place.open(file);
    const { database, setAside, problem } = opened;
    const health = new DiskHealth({ nowMs: parts.nowMs, probe: () => probeDisk(disk, folder) });
    if (problem !== undefined) health.failed(problem);
    const journal = new KeptJournal(database, health);
    const record = new KeptRecord(database, health);
    const outbox = new Outbox(database, health, { chance, bounds: parts.outboxBounds });
    const home = goHome({ lock, opened, file, place, record, outbox });
    return {
      disk,
      accepted: new AcceptedFile(join(folder, 'state'), disk),
      contents: new ContentStore(folder, disk),
      journal,
      record,
      receipts: new KeptReceipts(database, health),
      completions: new KeptCompletions(database, health),
      maskKey: maskKeyOf(database, chance),
      outbox,
      releases: new Releases(database, health),
      labels: new KnownLabels(database, health),
      health,
      recordLost: setAside || journal.damaged,
      check: () => health.check(home),
      close: () => {
        database.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Away {
  readonly lock: FolderLock;
  readonly opened: OpenedDatabase;
  readonly file: string;
  readonly place: Place;
  readonly record: KeptRecord;
  readonly outbox: Outbox;
}

/** Brings lock and database from memory to the disk that takes them again, and what it did not take meanwhile of record and outbox. */
function goHome({ lock, opened, file, place, record, outbox }: Away): () => void {
  let { copy } = opened;
  return () => {
    lock.settle();
    if (copy !== undefined) {
      opened.database.moveTo(file);
      copy = undefined;
    }
    place.cameHome();
    record.save();
    outbox.settle();
  };
}
