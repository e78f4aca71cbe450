import type { Label } from '@mooring/proto';
import type { DiskHealth } from './disk-health.ts';
import type { Sqlite } from './sqlite.ts';

/** Labels that the hub told this host: kept for a hub that has lost them. */
export class KnownLabels {
  readonly #database: Sqlite;
  readonly #health: DiskHealth;
  #text: string | undefined;

  constructor(database: Sqlite, health: DiskHealth) {
    this.#database = database;
    this.#health = health;
    this.#text = database.one<{ value: string }>("SELECT value FROM meta WHERE name = 'labels'")?.value;
  }

  /** Undefined: no hub ever told them. */
  get labels(): readonly Label[] | undefined {
    // The one cast: this file alone writes the row.
    return this.#text === undefined ? undefined : (JSON.parse(this.#text) as Label[]);
  }

  keep(labels: readonly Label[]): void {
    const text = JSON.stringify(labels);
    if (text === this.#text) return;
    this.#text = text;
    this.#health.attempt(() => this.#database.run("INSERT OR REPLACE INTO meta VALUES ('labels', ?)", text));
  }
}
