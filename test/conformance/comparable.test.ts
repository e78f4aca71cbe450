import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CanonicalProject, comparableCanonical } from './canonical.ts';
import { differences } from './comparable.ts';

const PLACES = { root: '/fixtures', folder: '/fixtures/everything', isInRepository: () => false };

/** Keys that say nothing about what runs: metadata, what is for terminals, and what Mooring sees elsewhere. */
const NOT_COMPARED = [
  /^name$/,
  // Mounted under their targets; the contents themselves are Git's.
  /^(?:configs|secrets)\./,
  /\.(?:configs|secrets)\.\d+\.source$/,
  /\.ports\.\d+\.mode$/,
  /\.attach$/,
  // Engines on Linux discard it.
  /\.cpu_percent$/,
  // Only true is ever written; absent may be either.
  /\.create_host_path$/,
];

describe('the comparison with docker compose', () => {
  test('sees every value of its model change', async () => {
    const text = await readFile(join(import.meta.dirname, 'fixtures', 'everything', 'oracle.json'), 'utf8');
    const original = comparableCanonical(JSON.parse(text), PLACES);
    const blind = leaves(JSON.parse(text)).filter((path) => {
      const project: CanonicalProject = JSON.parse(text);
      change(project, path);
      return differences(comparableCanonical(project, PLACES), original).length === 0;
    });
    const unexpected = blind
      .map((path) => path.join('.'))
      .filter((path) => !NOT_COMPARED.some((each) => each.test(path)));
    expect(unexpected).toEqual([]);
  });

  test('takes absent and empty for the same, and nothing else', () => {
    expect(differences({ a: '', b: [], c: false, d: 0 }, {})).toEqual([]);
    expect(differences({ a: { b: [1] } }, { a: { b: [2], c: 'x' } })).toEqual([
      'a.b: [1], not [2]',
      'a.c: nothing, not "x"',
    ]);
  });
});

type Path = readonly string[];

function leaves(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object') return [path];
  return Object.entries(value ?? {}).flatMap(([key, child]) => leaves(child, [...path, key]));
}

function change(root: unknown, path: Path): void {
  const [key = '', ...rest] = path;
  if (typeof root !== 'object' || root === null) return;
  const holder = root as Record<string, unknown>; // parsed JSON, walked by a path that came from it
  if (rest.length > 0) change(holder[key], rest);
  else holder[key] = changed(holder[key]);
}

function changed(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return -value - 1;
  const text = String(value);
  return /^-?\d+$/.test(text) ? String(Number(text) + 1) : `${text}1s`;
}
