import type { Journal, JournalEntry } from '../apply/ports.ts';
import type { DiskHealth } from './disk-health.ts';
import type { Sqlite } from './sqlite.ts';

/** Keeps the journal in memory and on disk. While the disk is full it goes on in memory alone: healing matters more than a second crash. */
export class KeptJournal implements Journal {
  readonly #database: Sqlite;
  readonly #health: DiskHealth;
  readonly #entries: Map<number, JournalEntry>;
  #nextId: number;
  /** True: an entry could not be read and is gone; what it was about is found on the engine by its labels. */
  readonly damaged: boolean;

  constructor(database: Sqlite, health: DiskHealth) {
    this.#database = database;
    this.#health = health;
    const rows = database.all<{ id: number; entry: string }>('SELECT id, entry FROM journal ORDER BY id');
    const read = rows.map(({ id, entry }) => ({ id, entry: parse(entry) }));
    this.#entries = new Map(read.flatMap(({ id, entry }) => (entry === undefined ? [] : [[id, { ...entry, id }]])));
    this.damaged = this.#entries.size < rows.length;
    for (const { id, entry } of read) if (entry === undefined) this.finish(id);
    const last = database.one<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'journal'");
    this.#nextId = (last?.seq ?? 0) + 1;
  }

  unfinished(): readonly JournalEntry[] {
    return [...this.#entries.values()];
  }

  begin(entry: Omit<JournalEntry, 'id'>): number {
    const id = this.#nextId++;
    this.update(id, entry);
    return id;
  }

  update(id: number, entry: Omit<JournalEntry, 'id'>): void {
    this.#entries.set(id, { ...entry, id });
    this.#health.attempt(() => {
      this.#database.run('INSERT OR REPLACE INTO journal (id, entry) VALUES (?, ?)', id, JSON.stringify(entry));
    });
  }

  finish(id: number): void {
    this.#entries.delete(id);
    this.#health.attempt(() => this.#database.run('DELETE FROM journal WHERE id = ?', id));
  }
}

/** Undefined: SQLite does not notice a bit that flips inside a value, and one entry must not keep the agent from starting. */
function parse(entry: string): JournalEntry | undefined {
  try {
    // The one cast: this file alone writes the rows. An older agent wrote none of the three.
    return { group: '', startsOld: true, overlaps: false, ...JSON.parse(entry) } as JournalEntry;
  } catch {
    // Where the text breaks off helps nobody.
    return undefined;
  }
}
