import { describe, expect, test } from 'vitest';
import { readFleet } from './read-fleet.ts';
import { renderFleet } from './render-fleet.ts';
import { MemoryTree } from './tree.fake.ts';

const fleetOf = (...stacks: readonly string[]) =>
  `version: 1\nstacks:\n${stacks.map((stack) => `  ${stack}\n`).join('')}`;

async function problems(...stacks: readonly string[]): Promise<readonly string[]> {
  const reading = await readFleet(new MemoryTree({ 'fleet.yaml': fleetOf(...stacks) }));
  return reading.kind === 'fleet'
    ? []
    : reading.problems.map(({ code, line, column, message }) => `${code} ${line}:${column} ${message}`);
}

describe('after', () => {
  test('is refused where it names no stack, with the nearest one', async () => {
    const [first = ''] = await problems('db: { hosts: [a] }', 'shop: { hosts: [a], after: [dbb] }');
    expect(first).toMatch(/^FLEET_AFTER_UNKNOWN 4:31 .*there is no stack "dbb"/);
  });

  test('is refused where stacks would wait for each other, once, with the whole way round', async () => {
    const found = await problems(
      'a: { hosts: [x], after: [b] }',
      'b: { hosts: [x], after: [c] }',
      'c: { hosts: [x], after: [a] }',
      'd: { hosts: [x], after: [a] }',
      'e: { hosts: [x], after: [e] }',
    );
    expect(found).toEqual([
      expect.stringMatching(/^FLEET_AFTER_CYCLE 3:28 .*: a waits for b waits for c waits for a; /),
      expect.stringMatching(/^FLEET_AFTER_CYCLE 7:28 .*: e waits for e; /),
    ]);
  });

  test('is part of the bundle: another order is another bundle, and a stack without one keeps its own', async () => {
    const digests = async (after: string) => {
      const files = {
        'fleet.yaml': fleetOf('db: { hosts: [a] }', `shop: { hosts: [a]${after} }`),
        'stacks/db/compose.yaml': 'services: { db: { image: x } }\n',
        'stacks/shop/compose.yaml': 'services: { web: { image: x } }\n',
      };
      const rendered = await renderFleet({
        repository: new MemoryTree(files),
        inventory: [{ name: 'a', labels: {} }],
        memo: [],
      });
      if (rendered.kind !== 'rendered') throw new Error(JSON.stringify(rendered.problems));
      return rendered.rendering.hosts[0]?.stacks.map(({ bundleDigest }) => bundleDigest) ?? [];
    };
    const [plain, ordered] = [await digests(''), await digests(', after: [db, db]')];
    expect(ordered[0]).toBe(plain[0]);
    expect(ordered[1]).not.toBe(plain[1]);
    expect(await digests(', after: []')).toEqual(plain);
  });
});
