import type { CompletedReplica, Completion, Completions } from '../apply/ports.ts';
import type { DiskHealth } from './disk-health.ts';
import type { Sqlite } from './sqlite.ts';

interface Row {
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  readonly spec_digest: string;
  readonly exit_code: number;
  readonly started_at_ms: number;
}

interface Kept extends Completion {
  readonly stack: string;
  readonly specDigest: string;
}

/** One-shots that are done, read from memory, written to disk: the newest specification of each replica. */
export class KeptCompletions implements Completions {
  readonly #database: Sqlite;
  readonly #health: DiskHealth;
  readonly #kept = new Map<string, Kept>();

  constructor(database: Sqlite, health: DiskHealth) {
    this.#database = database;
    this.#health = health;
    for (const row of database.all<Row>('SELECT * FROM completion')) {
      const { stack, spec_digest: specDigest, exit_code: exitCode, started_at_ms: startedAtMs } = row;
      this.#kept.set(nameOf(row), { stack, specDigest, exitCode, startedAtMs });
    }
  }

  find(replica: CompletedReplica): Completion | undefined {
    const kept = this.#kept.get(nameOf(replica));
    return kept?.specDigest === replica.specDigest ? kept : undefined;
  }

  remember(replica: CompletedReplica, completion: Completion): void {
    const { stack, service, replica: number, specDigest } = replica;
    const { exitCode, startedAtMs } = completion;
    const before = this.find(replica);
    if (before?.exitCode === exitCode && before.startedAtMs === startedAtMs) return;
    this.#kept.set(nameOf(replica), { stack, specDigest, exitCode, startedAtMs });
    this.#health.attempt(() => {
      const sql = 'INSERT OR REPLACE INTO completion VALUES (?, ?, ?, ?, ?, ?)';
      this.#database.run(sql, stack, service, number, specDigest, exitCode, startedAtMs);
    });
  }

  keepOnly(stacks: ReadonlySet<string>): void {
    for (const [name, { stack }] of this.#kept) {
      if (stacks.has(stack)) continue;
      this.#kept.delete(name);
      this.#health.attempt(() => this.#database.run('DELETE FROM completion WHERE stack = ?', stack));
    }
  }
}

function nameOf({ stack, service, replica }: Pick<CompletedReplica, 'stack' | 'service' | 'replica'>): string {
  return `${stack} ${service} ${replica}`;
}
