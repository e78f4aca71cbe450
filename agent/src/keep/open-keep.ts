import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AcceptedFile } from './accepted-file.ts';
import { KeptCompletions } from './completions.ts';
import { ContentStore } from './content-store.ts';
import { maskKeyOf, openDatabase } from './database.ts';
import { type Disk, PRIVATE_FOLDER, REAL_DISK } from './disk.ts';
import { DiskHealth } from './disk-health.ts';
import { KeptJournal } from './journal.ts';
import { lockFolder } from './lock.ts';
import { Outbox } from './outbox.ts';
import { KeptRecord } from './own-record.ts';
import { KeptReceipts } from './receipts.ts';
import { Releases } from './releases.ts';

/** Everything that the agent has on disk. */
export interface Keep {
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
  readonly health: DiskHealth;
  /** True: the database was damaged and begun anew, or a part of it could not be read. */
  readonly recordLost: boolean;
  close(): void;
}

/** Opens the agent's folder for this process alone. Throws STATE_LOCKED or DISK_FULL. */
export function openKeep(data: string, parts: { readonly nowMs: () => number; readonly disk?: Disk }): Keep {
  const folder = resolve(data);
  const disk = parts.disk ?? REAL_DISK;
  mkdirSync(join(folder, 'state'), { recursive: true, mode: PRIVATE_FOLDER });
  const unlock = lockFolder(folder);
  try {
    const { database, setAside } = openDatabase(join(folder, 'agent.db'));
    const health = new DiskHealth(parts.nowMs);
    const journal = new KeptJournal(database, health);
    return {
      accepted: new AcceptedFile(join(folder, 'state'), disk),
      contents: new ContentStore(folder, disk),
      journal,
      record: new KeptRecord(database, health),
      receipts: new KeptReceipts(database, health),
      completions: new KeptCompletions(database, health),
      maskKey: maskKeyOf(database),
      outbox: new Outbox(database, health),
      releases: new Releases(database, health),
      health,
      recordLost: setAside || journal.damaged,
      close: () => {
        database.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}
