import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { openKeep } from '../keep/open-keep.ts';
import { temporaryFolder } from '../keep/temporary-folder.fake.ts';
import { HighWater } from './high-water.ts';

const refused = (code: string) => expect.objectContaining({ code });

describe('the high-water mark', () => {
  test('of a host that never accepted anything takes nothing until the hub has named the newest', () => {
    const mark = new HighWater(undefined, false);
    expect(mark.confirmed).toBe(false);
    expect(() => mark.check(9n)).toThrow(refused('HIGH_WATER_LOST'));
    mark.confirm({ generation: 5n, digest: '' });
    expect(() => mark.check(4n)).toThrow(refused('ASSIGNMENT_ROLLBACK'));
    expect(() => mark.check(5n)).not.toThrow();
  });

  test('that the hub named is the lowest that it names: it may take back one that nobody can take', () => {
    const mark = new HighWater(undefined, false);
    mark.confirm({ generation: 900n, digest: '' });
    mark.confirm({ generation: 5n, digest: '' });
    mark.confirm({ generation: 7n, digest: '' });
    expect(() => mark.check(4n)).toThrow(refused('ASSIGNMENT_ROLLBACK'));
    mark.check(5n);
  });

  test('that is known is not lowered by what the hub says later', () => {
    const mark = new HighWater(7n, false);
    mark.confirm({ generation: 3n, digest: '' });
    expect(() => mark.check(6n)).toThrow(refused('ASSIGNMENT_ROLLBACK'));
    mark.check(7n);
  });

  const damages: Record<string, [(state: string) => void, { confirmed: boolean; lost: boolean }]> = {
    'is there': [() => undefined, { confirmed: true, lost: false }],
    'is damaged in its newest file': [
      (state) => writeFileSync(join(state, 'accepted'), 'x'),
      { confirmed: true, lost: false },
    ],
    'is damaged in both files': [
      (state) => {
        for (const name of ['accepted', 'accepted.prev']) writeFileSync(join(state, name), 'x');
      },
      { confirmed: false, lost: true },
    ],
    'was taken away whole, while releases of it are kept': [
      (state) => rmSync(state, { recursive: true }),
      { confirmed: false, lost: true },
    ],
  };

  test.each(Object.entries(damages))('that %s is read from disk as such', (_, [damage, expected]) => {
    const data = temporaryFolder();
    const keep = openKeep(data, { nowMs: () => 0 });
    for (const generation of [6n, 7n]) {
      const envelope = Buffer.from(`envelope of ${generation}`);
      keep.accepted.write({ generation, digest: digestOf(envelope), envelope });
      const release = { stack: 'shop', role: 'running' as const, generation, bundle: 'b' };
      keep.releases.keep([release], { generation, bytes: envelope });
    }
    damage(join(data, 'state'));
    expect(HighWater.of(keep)).toMatchObject(expected);
    keep.close();
  });

  test('of a new host is neither known nor lost', () => {
    const keep = openKeep(temporaryFolder(), { nowMs: () => 0 });
    expect(HighWater.of(keep)).toMatchObject({ confirmed: false, lost: false });
    keep.close();
  });
});
