import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Severity } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { FailingDisk, systemError } from './disk.fake.ts';
import { type Keep, openKeep } from './open-keep.ts';
import { KeptRecord } from './own-record.ts';
import { StandIn } from './stand-in.ts';
import { FULL, TemporaryDatabase } from './temporary-database.fake.ts';
import { temporaryFolder } from './temporary-folder.fake.ts';

const refused = (code: string) => expect.objectContaining({ code });
const EVENT = { kind: 'a.kind', severity: Severity.SEVERITY_INFO, message: 'something happened' };

/** A folder whose database cannot be opened there, as on a full disk: a folder stands where the index of its log is to be. */
class FullDisk {
  readonly data = temporaryFolder();
  readonly memory = temporaryFolder();
  readonly disk = new FailingDisk();
  clock = 0;

  constructor() {
    this.open().close();
    this.fillUp();
  }

  fillUp(): void {
    mkdirSync(this.#blocker);
    this.disk.remaining = 0;
    this.disk.failure = systemError('ENOSPC');
  }

  open(): Keep {
    return openKeep(this.data, { nowMs: () => this.clock, disk: this.disk, memory: this.memory });
  }

  makeRoom(): void {
    rmSync(this.#blocker, { recursive: true });
    this.disk.remaining = Number.POSITIVE_INFINITY;
    this.clock += 60_000;
  }

  get #blocker(): string {
    return join(this.data, 'agent.db-shm');
  }
}

describe('an agent whose disk takes nothing', () => {
  test('starts on a copy of its record in memory, says so, and goes home when there is room', () => {
    const full = new FullDisk();
    const keep = full.open();
    expect(keep.health.problem?.code).toBe('DISK_FULL');
    keep.outbox.tell(EVENT, 1);
    const begun = keep.journal.begin({ kind: 'create', stack: 'shop' } as never);
    full.clock += 60_000;
    expect([keep.check(), keep.health.problem?.code]).toEqual([false, 'DISK_FULL']);
    full.makeRoom();
    expect([keep.check(), keep.health.problem]).toEqual([true, undefined]);
    expect(readdirSync(full.memory)).toEqual([]);
    keep.outbox.tell(EVENT, 2);
    const { id } = keep.outbox;
    keep.close();
    const again = full.open();
    expect(again.outbox.id).toBe(id);
    expect(again.outbox.after(0n).map(({ sequence }) => sequence)).toEqual([1n, 2n]);
    expect(again.journal.unfinished().map((entry) => entry.id)).toEqual([begun]);
    expect(again.health.problem).toBeUndefined();
    again.close();
  });

  test('finds in memory what it knew when it is started again, with room or without', () => {
    const full = new FullDisk();
    const first = full.open();
    first.outbox.tell(EVENT, 1);
    first.close();
    const second = full.open();
    expect(second.outbox.size).toBe(1);
    second.close();
    full.makeRoom();
    const third = full.open();
    expect([third.outbox.size, third.health.problem?.code]).toEqual([1, 'DISK_FULL']);
    expect(third.check()).toBe(true);
    third.close();
    expect(readdirSync(full.memory)).toEqual([]);
  });

  test('does not take a record in memory for that of a folder that was made anew', () => {
    const full = new FullDisk();
    const first = full.open();
    first.outbox.tell(EVENT, 1);
    first.close();
    full.makeRoom();
    rmSync(join(full.data, 'agent.db'));
    const anew = full.open();
    expect([anew.outbox.size, anew.health.problem]).toEqual([0, undefined]);
    anew.close();
  });

  test('uses no folder in memory that others may enter', () => {
    const full = new FullDisk();
    full.open().close();
    const [folder = ''] = readdirSync(full.memory);
    chmodSync(join(full.memory, folder), 0o777);
    expect(() => full.open()).toThrow(refused('DISK_FULL'));
  });

  test('is the only one on its folder, also where the lock is in memory', () => {
    const data = temporaryFolder();
    const memory = temporaryFolder();
    openKeep(data, { nowMs: Date.now, memory }).close();
    rmSync(join(data, 'agent.lock'));
    mkdirSync(join(data, 'agent.lock'));
    const first = openKeep(data, { nowMs: Date.now, memory });
    expect(() => openKeep(data, { nowMs: Date.now, memory })).toThrow(refused('STATE_LOCKED'));
    first.close();
    openKeep(data, { nowMs: Date.now, memory }).close();
  });
});

describe('the own record', () => {
  const container = { kind: 'container', id: 'c1', stack: 'shop', key: 'app', specDigest: 'd' } as const;

  test('is not taken for complete by any start: the disk may have taken nothing, and been mended since', () => {
    const disk = new TemporaryDatabase();
    const open = () => new KeptRecord(disk.database, disk.health);
    const first = open();
    first.completed();
    expect(first.isComplete).toBe(true);
    disk.failure = FULL;
    first.remember(container);
    disk.restart();
    const second = open();
    expect([second.isComplete, second.has('container', 'c1')]).toEqual([false, false]);
    second.completed();
    expect([second.isComplete, open().isComplete]).toEqual([true, false]);
  });

  test('is written once there is room, with what the disk did not take', () => {
    const data = temporaryFolder();
    const disk = new FailingDisk();
    const keep = openKeep(data, { nowMs: () => 0, disk, memory: temporaryFolder() });
    keep.record.remember(container);
    const database = new DatabaseSync(join(data, 'agent.db'));
    database.exec('DELETE FROM owned');
    database.close();
    keep.health.failed(FULL);
    expect(keep.check()).toBe(true);
    keep.close();
    const again = openKeep(data, { nowMs: () => 0, disk, memory: temporaryFolder() });
    expect(again.record.all('container')).toEqual([container]);
    again.close();
  });
});

describe('what stands in for a disk', () => {
  test('leaves nothing when it is removed, and nothing when it was never used', () => {
    const memory = temporaryFolder();
    const standIn = new StandIn(temporaryFolder(), memory);
    standIn.remove();
    expect(existsSync(standIn.lockFile())).toBe(false);
    expect(readdirSync(memory)).toHaveLength(1);
    standIn.remove();
    expect(readdirSync(memory)).toEqual([]);
  });
});
