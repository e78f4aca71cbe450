import { Event, MAX_EVENTS_PER_BATCH, MooringError, Severity } from '@mooring/proto';
import type { EventDraft } from '../apply/ports.ts';
import { type Chance, MACHINE_CHANCE } from './chance.ts';
import type { DiskHealth } from './disk-health.ts';
import type { Sqlite } from './sqlite.ts';

/** Events that wait for the hub: a week without it on a quiet host, hours on a busy one. */
export const MAX_OUTBOX_EVENTS = 10_000;
/** Bytes that wait for the hub. */
export const MAX_OUTBOX_BYTES = 8 * 1024 * 1024;
/** Share that is dropped at once when the outbox is full, so that a flood does not rewrite it event by event. */
const DROP_SHARE = 0.05;
/** Characters of an event's sentence. */
const MAX_MESSAGE_CHARACTERS = 2000;
/** Bytes of one batch: far below what one message may have. */
const MAX_BATCH_BYTES = 256 * 1024;

/** How much an outbox holds. */
export interface OutboxBounds {
  readonly events: number;
  readonly bytes: number;
}

/** Bounds of every outbox but those of tests. */
const OUTBOX_BOUNDS: OutboxBounds = { events: MAX_OUTBOX_EVENTS, bytes: MAX_OUTBOX_BYTES };

/** How an outbox differs from an ordinary one. */
interface OutboxOptions {
  readonly bounds?: OutboxBounds | undefined;
  readonly chance?: Chance | undefined;
}

/** Events until the hub has stored them. When it is full the oldest go first, security events last, and the next one says how many went. */
export class Outbox {
  /** Random, born with the outbox. */
  readonly id: string;
  readonly #database: Sqlite;
  readonly #health: DiskHealth;
  readonly #bounds: OutboxBounds;
  /** Highest sequence that was given before this start. */
  readonly #toldBefore: number;
  #events: number;
  #bytes: number;
  /** Events that the disk did not take. */
  #unwritten = 0n;
  /** Up to where the hub has stored and a full disk did not let go; undefined: nothing like that is left. */
  #acknowledged: bigint | undefined;
  #onEvent: () => void = () => undefined;

  constructor(
    database: Sqlite,
    health: DiskHealth,
    { bounds = OUTBOX_BOUNDS, chance = MACHINE_CHANCE }: OutboxOptions = {},
  ) {
    this.#database = database;
    this.#health = health;
    this.#bounds = bounds;
    database.run("INSERT OR IGNORE INTO meta VALUES ('outbox', ?)", chance.uuid());
    this.id = database.one<{ value: string }>("SELECT value FROM meta WHERE name = 'outbox'")?.value ?? '';
    const sums = database.one<{ events: number; bytes: number }>(
      'SELECT count(*) AS events, coalesce(sum(bytes), 0) AS bytes FROM outbox',
    );
    this.#toldBefore = this.#told();
    this.#events = sums?.events ?? 0;
    this.#bytes = sums?.bytes ?? 0;
    this.#unwritten = BigInt(
      database.one<{ value: string }>("SELECT value FROM meta WHERE name = 'lost'")?.value ?? '0',
    );
  }

  /** Called after each new event; there is one listener. */
  set onEvent(listener: () => void) {
    this.#onEvent = listener;
  }

  /** How many events wait. */
  get size(): number {
    return this.#events;
  }

  /** Adds an event. Never fails: what a full or damaged disk does not take is counted as lost. */
  tell(draft: EventDraft, nowMs: number): void {
    const event = Event.fromPartial({
      atMs: BigInt(nowMs),
      ...draft,
      message: draft.message.slice(0, MAX_MESSAGE_CHARACTERS).toWellFormed(),
      lostBefore: this.#unwritten,
    });
    const bytes = Buffer.from(Event.encode(event).finish());
    const sql = 'INSERT INTO outbox (severity, bytes, event) VALUES (?, ?, ?)';
    const written = this.#attempt(() =>
      this.#database.together(() => {
        this.#database.insert(sql, event.severity, bytes.byteLength, bytes);
        if (event.lostBefore > 0n) this.#database.run("DELETE FROM meta WHERE name = 'lost'");
      }),
    );
    if (!written) {
      this.#unwritten += 1n;
      return;
    }
    this.#unwritten = 0n;
    this.#events += 1;
    this.#bytes += bytes.byteLength;
    if (this.#events > this.#bounds.events || this.#bytes > this.#bounds.bytes) this.#attempt(() => this.#drop());
    this.#onEvent();
  }

  /** The next events after `sequence`, in order: one batch. What a damaged disk made unreadable is passed over and counted as lost. */
  after(sequence: bigint): Event[] {
    const batch: Event[] = [];
    let last = Number(sequence);
    let lost = 0n;
    let bytes = 0;
    while (batch.length === 0) {
      const rows = this.#rowsAfter(last);
      if (rows.length === 0) break;
      for (const row of rows) {
        last = row.sequence;
        bytes += row.event.byteLength;
        if (batch.length > 0 && bytes > MAX_BATCH_BYTES) break;
        const event = decode(row.event);
        if (event === undefined) lost += 1n;
        else batch.push({ ...event, sequence: BigInt(row.sequence), lostBefore: event.lostBefore + lost });
        if (event !== undefined) lost = 0n;
      }
    }
    return batch;
  }

  /** The hub has stored everything up to `sequence`. */
  acknowledge(sequence: bigint): void {
    this.#acknowledged = sequence;
    this.#attempt(() => this.settle());
  }

  /** Lets go of what was acknowledged, also while the disk took nothing: the hub does not say it again. Throws DISK_FULL. */
  settle(): void {
    const stored = this.#acknowledged;
    if (stored === undefined) return;
    this.#database.together(() => {
      this.#overtake(Number(stored));
      this.#database.run('DELETE FROM outbox WHERE sequence <= ?', Number(stored));
    });
    this.#acknowledged = undefined;
    this.#count();
  }

  /**
   * Where the hub has stored more than this outbox ever told, it is an outbox of before: its folder was restored, or memory that stood in for a disk is
   * gone. What was told since the start then has numbers that others had, and gets numbers that nobody had.
   */
  #overtake(stored: number): void {
    const told = this.#told();
    if (stored <= told) return;
    const shift = stored - this.#toldBefore;
    // By way of numbers below zero, so that no two are the same in between.
    this.#database.run('UPDATE outbox SET sequence = -sequence WHERE sequence > ?', this.#toldBefore);
    this.#database.run('UPDATE outbox SET sequence = ? - sequence WHERE sequence < 0', shift);
    this.#database.run("DELETE FROM sqlite_sequence WHERE name = 'outbox'");
    this.#database.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?)", told + shift);
  }

  /** Highest sequence that was ever given. */
  #told(): number {
    return this.#database.one<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")?.seq ?? 0;
  }

  #rowsAfter(sequence: number): Pick<Row, 'sequence' | 'event'>[] {
    const select = 'SELECT sequence, event FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?';
    try {
      return this.#database.all(select, sequence, MAX_EVENTS_PER_BATCH);
    } catch (error) {
      if (!(error instanceof MooringError)) throw error;
      // Whoever tells or sends goes on; the host's problem says that its record cannot be read.
      this.#health.failed(error);
      return [];
    }
  }

  /** False: the disk did not take it. What is told about must not fail because telling does. */
  #attempt(write: () => void): boolean {
    try {
      return this.#health.attempt(write);
    } catch (error) {
      if (error instanceof MooringError) return false;
      throw error;
    }
  }

  #count(): void {
    const sums = this.#database.one<{ events: number; bytes: number }>(
      'SELECT count(*) AS events, coalesce(sum(bytes), 0) AS bytes FROM outbox',
    );
    this.#events = sums?.events ?? 0;
    this.#bytes = sums?.bytes ?? 0;
  }

  #drop(): void {
    const { events, bytes } = this.#bounds;
    try {
      this.#database.together(() => {
        while (this.#events > events * (1 - DROP_SHARE) || this.#bytes > bytes * (1 - DROP_SHARE)) {
          if (this.#events <= 1) return;
          this.#dropOldest();
        }
      });
    } finally {
      // What was not written after all was not dropped either.
      this.#count();
    }
  }

  #dropOldest(): void {
    const select = 'SELECT sequence, bytes, event FROM outbox';
    const oldest =
      this.#database.one<Row>(`${select} WHERE severity <> ? ORDER BY sequence LIMIT 1`, Severity.SEVERITY_SECURITY) ??
      this.#database.one<Row>(`${select} ORDER BY sequence LIMIT 1`);
    if (oldest === undefined) return;
    this.#database.run('DELETE FROM outbox WHERE sequence = ?', oldest.sequence);
    this.#events -= 1;
    this.#bytes -= oldest.bytes;
    const lost = 1n + (decode(oldest.event)?.lostBefore ?? 0n);
    const next = this.#database.one<Row>(`${select} WHERE sequence > ? ORDER BY sequence LIMIT 1`, oldest.sequence);
    const event = next === undefined ? undefined : decode(next.event);
    if (next === undefined || event === undefined) {
      // The newest went: the next event will say so, also after a restart.
      this.#unwritten += lost;
      this.#database.run("INSERT OR REPLACE INTO meta VALUES ('lost', ?)", String(this.#unwritten));
      return;
    }
    event.lostBefore += lost;
    const encoded = Buffer.from(Event.encode(event).finish());
    this.#database.run('UPDATE outbox SET event = ? WHERE sequence = ?', encoded, next.sequence);
  }
}

/** Undefined: the bytes are no event; SQLite does not notice a bit that flips inside a value. */
function decode(bytes: Buffer): Event | undefined {
  try {
    return Event.decode(bytes);
  } catch {
    // The decoder says where it stopped, which helps nobody.
    return undefined;
  }
}

interface Row {
  readonly sequence: number;
  readonly bytes: number;
  readonly event: Buffer;
}
