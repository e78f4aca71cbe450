import type { MovableSqlite } from '@mooring/agent/fakes';
import { Event, MooringError } from '@mooring/proto';
import type { History } from './history.ts';
import type { Life } from './life.ts';
import type { SimDisk } from './sim-disk.ts';

/** What a program's database meets. */
export interface SimDatabaseParts {
  readonly real: MovableSqlite;
  readonly life: Life;
  readonly disk: SimDisk;
  readonly host: string;
  readonly history: History;
}

type Value = Parameters<MovableSqlite['run']>[1];

/** The agent's database as one run of it has it: real statements in memory, a disk that may refuse them, an end at any of them. */
export function simDatabase({ real, life, disk, host, history }: SimDatabaseParts): MovableSqlite {
  let outboxId = '';
  /** What the outbox did in the transaction of now; told when it is committed. */
  let told: (() => void)[] | undefined;
  const tell = (fact: () => void) => {
    if (told === undefined) fact();
    else told.push(fact);
  };
  const write = <T>(work: () => T): T => {
    life.boundary();
    if (disk.trouble !== undefined) throw refused(disk.trouble);
    return work();
  };
  const idOf = () => {
    outboxId ||= real.one<{ value: string }>("SELECT value FROM meta WHERE name = 'outbox'")?.value ?? '';
    return outboxId;
  };
  return {
    run: (sql, ...values) => {
      const changes = write(() => real.run(sql, ...values));
      if (sql === DROP) {
        const fact = { kind: 'event-dropped', host, outbox: idOf(), sequence: Number(values[0]) } as const;
        tell(() => history.add(fact));
      }
      return changes;
    },
    insert: (sql, ...values) => {
      const sequence = write(() => real.insert(sql, ...values));
      if (sql.startsWith('INSERT INTO outbox')) {
        const fact = { kind: 'event-sent', host, outbox: idOf(), sequence, content: contentOf(values[2]) } as const;
        tell(() => history.add(fact));
      }
      return sequence;
    },
    one: (sql, ...values) => read(life, () => real.one(sql, ...values)),
    all: (sql, ...values) => read(life, () => real.all(sql, ...values)),
    together: (action) => {
      const facts: (() => void)[] = [];
      told = facts;
      try {
        write(() => real.together(action));
      } finally {
        told = undefined;
      }
      for (const fact of facts) fact();
    },
    close: () => undefined,
    moveTo: () => undefined,
  };
}

/** The one statement by which the outbox lets an event go that the hub did not acknowledge. */
const DROP = 'DELETE FROM outbox WHERE sequence = ?';

function read<T>(life: Life, work: () => T): T {
  if (!life.alive) life.boundary();
  return work();
}

function contentOf(bytes: Value | undefined): string {
  if (!(bytes instanceof Uint8Array)) return '';
  const { kind, object, message, atMs } = Event.decode(bytes);
  return [kind, object, message, atMs].join(' ');
}

function refused(code: string): MooringError {
  return new MooringError('DISK_FULL', `Cannot use the agent's database: ${code}; a disk that takes writes is wanted`);
}
