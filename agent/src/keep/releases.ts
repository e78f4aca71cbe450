import type { DiskHealth } from './disk-health.ts';
import type { Sqlite } from './sqlite.ts';

/** `running`: the newest release that passed every check; `healthy`: the last whose containers were all well. */
export type ReleaseRole = 'running' | 'healthy';

/** One release that must stay on disk: where it stands in which assignment. */
export interface KeptRelease {
  readonly stack: string;
  readonly role: ReleaseRole;
  readonly generation: bigint;
  /** Object name of the bundle. */
  readonly bundle: string;
}

/** Which releases of each stack are kept, with the signed assignments that brought them, so that they can be verified again. */
export class Releases {
  readonly #database: Sqlite;
  readonly #health: DiskHealth;

  constructor(database: Sqlite, health: DiskHealth) {
    this.#database = database;
    this.#health = health;
  }

  all(): readonly KeptRelease[] {
    return this.#database
      .all<{ stack: string; role: ReleaseRole; generation: string; bundle: string }>(
        'SELECT * FROM release ORDER BY stack',
      )
      .map((row) => ({ ...row, generation: BigInt(row.generation) }));
  }

  find(stack: string, role: ReleaseRole): KeptRelease | undefined {
    return this.all().find((release) => release.stack === stack && release.role === role);
  }

  /** The signed envelope of a generation that a kept release stands in. */
  envelope(generation: bigint): Uint8Array | undefined {
    const text = String(generation);
    return this.#database.one<{ envelope: Buffer }>('SELECT envelope FROM envelope WHERE generation = ?', text)
      ?.envelope;
  }

  /** Keeps these releases in their roles, and forgets assignments that no release stands in any more. A full disk leaves things as they were. */
  keep(releases: readonly KeptRelease[], envelope: { generation: bigint; bytes: Uint8Array }): void {
    const known = new Map(this.all().map((release) => [`${release.stack} ${release.role}`, release]));
    const changed = releases.filter(({ stack, role, generation, bundle }) => {
      const there = known.get(`${stack} ${role}`);
      return there?.generation !== generation || there.bundle !== bundle;
    });
    if (changed.length === 0) return;
    this.#health.attempt(() =>
      this.#database.together(() => {
        const text = String(envelope.generation);
        this.#database.run('INSERT OR IGNORE INTO envelope VALUES (?, ?)', text, envelope.bytes);
        for (const { stack, role, generation, bundle } of changed) {
          this.#database.run(
            'INSERT OR REPLACE INTO release VALUES (?, ?, ?, ?)',
            stack,
            role,
            String(generation),
            bundle,
          );
        }
        this.#forgetEnvelopes();
      }),
    );
  }

  /** A stack is gone. */
  forget(stack: string): void {
    this.#health.attempt(() =>
      this.#database.together(() => {
        this.#database.run('DELETE FROM release WHERE stack = ?', stack);
        this.#forgetEnvelopes();
      }),
    );
  }

  #forgetEnvelopes(): void {
    this.#database.run('DELETE FROM envelope WHERE generation NOT IN (SELECT generation FROM release)');
  }
}
