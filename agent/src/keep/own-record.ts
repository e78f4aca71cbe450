import type { OwnedKind, OwnedObject, OwnRecord } from '../apply/ports.ts';
import type { DiskHealth } from './disk-health.ts';
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
  readonly #objects = new Map<string, OwnedObject>();
  readonly #stopped: Set<string>;
  #isComplete = false;

  /**
   * Never whole at its start: whether the disk took everything that the process before made, a disk that was full or read-only cannot tell. The first
   * look takes back what is missing.
   */
  constructor(database: Sqlite, health: DiskHealth) {
    this.#database = database;
    this.#health = health;
    for (const { spec_digest, ...row } of database.all<Row>('SELECT * FROM owned')) {
      this.#objects.set(nameOf(row.kind, row.id), { ...row, specDigest: spec_digest });
    }
    this.#stopped = new Set(
      database.all<{ container: string }>('SELECT container FROM stopped').map((row) => row.container),
    );
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  completed(): void {
    this.#isComplete = true;
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
    this.#health.attempt(() => {
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
