import { DriftMode } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { type AssignmentWish, type IssuedContent, nextContent } from './assignment-content.ts';
import { nextGeneration } from './issue-assignment.ts';

const shop = { stack: 'shop', bundleObject: 'sha256:aa', driftMode: DriftMode.DRIFT_MODE_CORRECT, ignore: [] };
const blog = { stack: 'blog', bundleObject: 'sha256:bb', driftMode: DriftMode.DRIFT_MODE_CORRECT, ignore: [] };

function wish(change: Partial<AssignmentWish>): AssignmentWish {
  return {
    fleetId: 'f',
    host: 'web-1',
    source: '/srv/fleet.git',
    commit: 'c1',
    wanted: [shop],
    kept: [],
    previous: undefined,
    removed: () => new Set(),
    ...change,
  };
}

function previously(change: Partial<AssignmentWish>): IssuedContent {
  return issued(nextContent(wish(change)));
}

function issued(next: IssuedContent | undefined): IssuedContent {
  if (next === undefined) throw new Error('nothing is issued; an assignment is wanted');
  return next;
}

describe('the next assignment of a host', () => {
  test('is none for a host that nothing selects and that never had anything', () => {
    expect(nextContent(wish({ wanted: [] }))).toBeUndefined();
  });

  test('is none when a commit changes nothing for the host', () => {
    expect(nextContent(wish({ commit: 'c2', previous: previously({}) }))).toBeUndefined();
  });

  test('names the commit that last changed each stack', () => {
    const changed = { ...shop, bundleObject: 'sha256:cc' };
    const next = nextContent(
      wish({ commit: 'c2', wanted: [changed, blog], previous: previously({ wanted: [shop, blog] }) }),
    );
    expect(next?.content.stacks.map(({ stack, commit }) => [stack, commit])).toEqual([
      ['blog', 'c1'],
      ['shop', 'c2'],
    ]);
  });

  test('removes a stack that is no longer given, and says so until it is done', () => {
    const dropped = nextContent(wish({ commit: 'c2', wanted: [blog], previous: previously({ wanted: [shop, blog] }) }));
    expect(dropped?.content.removals.map(({ stack }) => stack)).toEqual(['shop']);
    const later = issued(dropped);
    const pending = nextContent(
      wish({ commit: 'c3', wanted: [{ ...blog, bundleObject: 'sha256:dd' }], previous: later }),
    );
    expect(pending?.content.removals.map(({ stack }) => stack)).toEqual(['shop']);
    const done = () => new Set(['shop']);
    expect(nextContent(wish({ commit: 'c3', wanted: [blog], previous: later, removed: done }))).toBeUndefined();
    const after = nextContent(
      wish({ commit: 'c4', wanted: [{ ...blog, bundleObject: 'sha256:ee' }], previous: later, removed: done }),
    );
    expect(after?.content.removals).toEqual([]);
  });

  test('keeps what was assigned where a stack does not render for this host alone', () => {
    const next = nextContent(
      wish({ commit: 'c2', wanted: [], kept: ['shop'], previous: previously({ wanted: [shop, blog] }) }),
    );
    expect(next?.content.stacks.map(({ stack }) => stack)).toEqual(['shop']);
    expect(next?.content.removals.map(({ stack }) => stack)).toEqual(['blog']);
  });

  test('takes a stack out of the removals when it comes back', () => {
    const dropped = issued(nextContent(wish({ wanted: [blog], previous: previously({ wanted: [shop, blog] }) })));
    expect(nextContent(wish({ wanted: [shop, blog], previous: dropped }))?.content.removals).toEqual([]);
  });
});

describe('the next generation', () => {
  test('follows the clock, and grows when the clock goes back', () => {
    expect(nextGeneration([], 1000)).toBe(1000n);
    expect(nextGeneration([5000n, 7000n], 1000)).toBe(7001n);
  });
});
