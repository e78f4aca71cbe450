import type { OwnedKind, OwnedObject, OwnRecord } from '../apply/ports.ts';
import type { DiskHealth } from './disk-health.ts';
import type { RecordMark } from './record-mark.ts';
import type { Sqlite } from './sqlite.ts';

interface Row {
  readonly kind: OwnedKind;
  readonly id: string;
  readonly stack: string;
  readonly key: string;
  readonly spec_digest: string;
}

/** The agent's own record, read from memory, written to disk. */
export class KeptRecord implements OwnRecord {
  readonly #database: Sqlite;
  readonly #health: DiskHealth;
  readonly #mark: RecordMark | undefined;
  readonly #objects = new Map<string, OwnedObject>();
  readonly #stopped: Set<string>;
  #isComplete: boolean;

  /** Without a mark the record is whole whenever it says so. */
  constructor(database: Sqlite, health: DiskHealth, mark?: RecordMark) {
    this.#database = database;
    this.#health = health;
    this.#mark = mark;
    for (const { spec_digest, ...row } of database.all<Row>('SELECT * FROM owned')) {
      this.#objects.set(nameOf(row.kind, row.id), { ...row, specDigest: spec_digest });
    }
    this.#stopped = new Set(
      database.all<{ container: string }>('SELECT container FROM stopped').map((row) => row.container),
    );
    const saysSo = database.one("SELECT value FROM meta WHERE name = 'record-complete'") !== undefined;
    this.#isComplete = saysSo && mark?.isThere !== false;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  completed(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#health.attempt(() => {
      this.#database.run("INSERT OR REPLACE INTO meta VALUES ('record-complete', '1')");
      this.#mark?.make();
    });
  }

  has(kind: OwnedKind, id: string): boolean {
    return this.#objects.has(nameOf(kind, id));
  }

  find(kind: OwnedKind, id: string): OwnedObject | undefined {
    return this.#objects.get(nameOf(kind, id));
  }

  all(kind: OwnedKind): readonly OwnedObject[] {
    return [...this.#objects.values()].filter((object) => object.kind === kind);
  }

  remember(object: OwnedObject): void {
    const { kind, id, stack, key, specDigest } = object;
    this.#objects.set(nameOf(kind, id), object);
    this.#write(() => {
      this.#database.run('INSERT OR REPLACE INTO owned VALUES (?, ?, ?, ?, ?)', kind, id, stack, key, specDigest);
    });
  }

  wasStopped(container: string): boolean {
    return this.#stopped.has(container);
  }

  markStopped(container: string, stopped: boolean): void {
    if (this.#stopped.has(container) === stopped) return;
    if (stopped) this.#stopped.add(container);
    else this.#stopped.delete(container);
    const sql = stopped ? 'INSERT OR IGNORE INTO stopped VALUES (?)' : 'DELETE FROM stopped WHERE container = ?';
    this.#health.attempt(() => this.#database.run(sql, container));
  }

  /** Writes all of it, when a disk takes again what it did not take for a while. Throws DISK_FULL. */
  save(): void {
    this.#database.together(() => {
      this.#database.run('DELETE FROM owned');
      for (const { kind, id, stack, key, specDigest } of this.#objects.values())
        this.#database.run('INSERT INTO owned VALUES (?, ?, ?, ?, ?)', kind, id, stack, key, specDigest);
      this.#database.run('DELETE FROM stopped');
      for (const container of this.#stopped) this.#database.run('INSERT INTO stopped VALUES (?)', container);
    });
    if (this.#isComplete) this.#mark?.make();
  }

  /** What is not written is known to this process alone. */
  #write(write: () => void): void {
    if (!this.#health.attempt(write)) this.#mark?.remove();
  }

  forget(kind: OwnedKind, id: string): void {
    this.markStopped(id, false);
    this.#objects.delete(nameOf(kind, id));
    this.#health.attempt(() => this.#database.run('DELETE FROM owned WHERE kind = ? AND id = ?', kind, id));
  }
}

function nameOf(kind: OwnedKind, id: string): string {
  return `${kind} ${id}`;
}
