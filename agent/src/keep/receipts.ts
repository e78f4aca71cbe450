import type { Receipts } from '../apply/ports.ts';
import type { Receipt } from '../plan/receipt.ts';
import type { DiskHealth } from './disk-health.ts';
import type { Sqlite } from './sqlite.ts';

/** How a receipt is written: mappings as lists of pairs. */
interface Written extends Omit<Receipt, 'desired' | 'fields'> {
  readonly desired: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, string])[];
}

/** Receipts, read from memory, written to disk. While the disk is full they live in memory alone. */
export class KeptReceipts implements Receipts {
  readonly #database: Sqlite;
  readonly #health: DiskHealth;
  readonly #receipts: Map<string, Receipt>;

  constructor(database: Sqlite, health: DiskHealth) {
    this.#database = database;
    this.#health = health;
    const rows = database.all<{ container: string; receipt: string }>('SELECT * FROM receipt');
    this.#receipts = new Map(rows.map(({ container, receipt }) => [container, read(receipt)]));
  }

  find(container: string): Receipt | undefined {
    return this.#receipts.get(container);
  }

  put(container: string, receipt: Receipt): void {
    this.#receipts.set(container, receipt);
    const written: Written = { ...receipt, desired: [...receipt.desired], fields: [...receipt.fields] };
    this.#health.attempt(() =>
      this.#database.run('INSERT OR REPLACE INTO receipt VALUES (?, ?)', container, JSON.stringify(written)),
    );
  }

  keepOnly(containers: ReadonlySet<string>): void {
    for (const container of this.#receipts.keys()) {
      if (containers.has(container)) continue;
      this.#receipts.delete(container);
      this.#health.attempt(() => this.#database.run('DELETE FROM receipt WHERE container = ?', container));
    }
  }
}

function read(text: string): Receipt {
  // The one cast: this file alone writes the rows.
  const written = JSON.parse(text) as Written;
  return { ...written, desired: new Map(written.desired), fields: new Map(written.fields) };
}
