import { describe, expect, test } from 'vitest';
import type { JournalEntry, OwnedObject } from '../apply/ports.ts';
import { KeptJournal } from './journal.ts';
import { KeptRecord } from './own-record.ts';
import { Releases } from './releases.ts';
import { FULL, TemporaryDatabase } from './temporary-database.fake.ts';

const web: OwnedObject = { kind: 'container', id: 'c1', stack: 'shop', key: 'web', specDigest: 'v1:aa' };

describe('the own record', () => {
  const opened = (disk = new TemporaryDatabase()) => ({ disk, record: new KeptRecord(disk.database, disk.health) });

  test('knows an object by kind and id, also after a restart', () => {
    const { disk, record } = opened();
    record.remember(web);
    disk.restart();
    const again = opened(disk).record;
    expect(again.has('container', 'c1')).toBe(true);
    expect(again.has('network', 'c1')).toBe(false);
    expect(again.all('container')).toEqual([web]);
    expect(again.all('volume')).toEqual([]);
  });

  test('takes the newer word on an object, and forgets it when told', () => {
    const { disk, record } = opened();
    record.remember(web);
    record.remember({ ...web, specDigest: 'v1:bb' });
    expect(record.all('container')).toEqual([{ ...web, specDigest: 'v1:bb' }]);
    record.forget('container', 'c1');
    disk.restart();
    expect(opened(disk).record.has('container', 'c1')).toBe(false);
  });

  test('goes on in memory while the disk is full', () => {
    const { disk, record } = opened();
    disk.failure = FULL;
    record.remember(web);
    expect(record.has('container', 'c1')).toBe(true);
    expect(disk.health.problem?.code).toBe('DISK_FULL');
    record.forget('container', 'c1');
    expect(record.has('container', 'c1')).toBe(false);
  });
});

describe('the journal', () => {
  const opened = (disk = new TemporaryDatabase()) => ({ disk, journal: new KeptJournal(disk.database, disk.health) });
  const entry: Omit<JournalEntry, 'id'> = {
    kind: 'replace-container',
    stage: 'begun',
    stack: 'shop',
    service: 'web',
    replica: 1,
    name: 'shop-web-1',
    group: '',
    startsOld: true,
    overlaps: false,
    oldName: 'shop-web-1',
    oldId: 'c1',
    keptName: 'shop-web-1_old',
    newId: '',
  };

  test('tells the next process what is unfinished, oldest first and as it was last updated', () => {
    const { disk, journal } = opened();
    const [first, second, third] = [journal.begin(entry), journal.begin(entry), journal.begin(entry)];
    journal.update(first, { ...entry, stage: 'created', newId: 'c2' });
    journal.finish(second);
    disk.restart();
    expect(opened(disk).journal.unfinished()).toEqual([
      { ...entry, id: first, stage: 'created', newId: 'c2' },
      { ...entry, id: third },
    ]);
  });

  test('never uses an id twice, also after everything was finished', () => {
    const { disk, journal } = opened();
    const id = journal.begin(entry);
    journal.finish(id);
    disk.restart();
    expect(opened(disk).journal.begin(entry)).toBeGreaterThan(id);
  });

  test('goes on in memory while the disk is full', () => {
    const { disk, journal } = opened();
    disk.failure = FULL;
    const id = journal.begin(entry);
    journal.update(id, { ...entry, stage: 'started' });
    expect(journal.unfinished()).toEqual([{ ...entry, id, stage: 'started' }]);
    journal.finish(id);
    expect(journal.unfinished()).toEqual([]);
  });

  test('passes over an entry that a flipped bit made unreadable, and says that it did', () => {
    const { disk, journal } = opened();
    const [first, second] = [journal.begin(entry), journal.begin(entry)];
    disk.database.run('UPDATE journal SET entry = ? WHERE id = ?', '{"kind":"repl\u0001', first);
    disk.restart();
    const again = opened(disk).journal;
    expect(again.damaged).toBe(true);
    expect(again.unfinished()).toEqual([{ ...entry, id: second }]);
    disk.restart();
    expect(opened(disk).journal.damaged).toBe(false);
  });
});

describe('the kept releases', () => {
  const opened = (disk = new TemporaryDatabase()) => ({ disk, releases: new Releases(disk.database, disk.health) });
  const release = (stack: string, generation: bigint, bundle = `sha256:${generation}`) => {
    return { stack, role: 'running' as const, generation, bundle };
  };
  const envelope = (generation: bigint) => ({ generation, bytes: Buffer.from(`envelope ${generation}`) });

  test('keep one release of a stack in each role, and the envelope that brought it', () => {
    const { disk, releases } = opened();
    releases.keep([release('shop', 5n), { ...release('shop', 5n), role: 'healthy' }], envelope(5n));
    releases.keep([release('shop', 6n)], envelope(6n));
    disk.restart();
    const again = opened(disk).releases;
    expect(again.find('shop', 'running')).toEqual(release('shop', 6n));
    expect(again.find('shop', 'healthy')?.generation).toBe(5n);
    expect(Buffer.from(again.envelope(5n) ?? []).toString()).toBe('envelope 5');
    expect(again.find('blog', 'running')).toBeUndefined();
  });

  test('forget an envelope with the last release that stands in it', () => {
    const { releases } = opened();
    releases.keep([release('shop', 5n), release('blog', 5n)], envelope(5n));
    releases.keep([release('shop', 6n)], envelope(6n));
    expect(releases.envelope(5n)).toBeDefined();
    releases.forget('blog');
    expect(releases.envelope(5n)).toBeUndefined();
    expect(releases.all()).toEqual([release('shop', 6n)]);
  });

  test('stay as they were while the disk is full', () => {
    const { disk, releases } = opened();
    releases.keep([release('shop', 5n)], envelope(5n));
    disk.failure = FULL;
    releases.keep([release('shop', 6n)], envelope(6n));
    expect(releases.all()).toEqual([release('shop', 5n)]);
    expect(releases.envelope(6n)).toBeUndefined();
  });

  test('keep generations that no number holds exactly', () => {
    const { releases } = opened();
    const generation = 2n ** 64n - 1n;
    releases.keep([release('shop', generation)], envelope(generation));
    expect(releases.find('shop', 'running')?.generation).toBe(generation);
  });
});
