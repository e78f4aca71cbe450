import { Bundle, type DiffResponse, DriftMode, digestOf, RenderProblem, StackChange } from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Rendering } from '../render/rendering.ts';
import { FakeFleet, viewer } from './fleet.fake.ts';

let fleet: FakeFleet;
const context = viewer();

beforeEach(async () => {
  fleet = await FakeFleet.open([]);
});
afterEach(() => fleet.close());

interface Wanted {
  readonly image: string;
  readonly driftMode?: DriftMode;
}

/** A rendering in which each host runs stacks with one service `web` of that image. */
function rendering(
  hosts: Readonly<Record<string, Readonly<Record<string, Wanted>>>>,
  problems: readonly RenderProblem[] = [],
): Rendering {
  const classes = new Map<string, Rendering['classes'][number]>();
  const rendered = Object.entries(hosts).map(([host, stacks]) => ({
    host,
    labels: {},
    problems: problems.filter((problem) => problem.host === host),
    stacks: Object.entries(stacks).map(([stack, { image, driftMode = DriftMode.DRIFT_MODE_CORRECT }]) => {
      const bundle = Bundle.fromPartial({ stack, services: [{ name: 'web', container: { image } }] });
      const bundleDigest = digestOf(Bundle.encode(bundle).finish());
      classes.set(bundleDigest, { stack, bundleDigest, bundle, files: [] });
      return { stack, bundleDigest, driftMode, ignore: [] };
    }),
  }));
  return { classes: [...classes.values()], objects: [], hosts: rendered, warnings: [], classesRendered: 0 };
}

function have(name: string, rendered: Rendering): void {
  const info = { commit: name, subject: '', author: '', committedAtMs: 0 };
  fleet.revisions.set(name, { info, outcome: { kind: 'rendered', rendering: rendered } });
}

async function diff(): Promise<DiffResponse[]> {
  const differences: DiffResponse[] = [];
  for await (const difference of fleet.query.diff({ from: 'old', to: 'new' }, context)) differences.push(difference);
  return differences;
}

test('hosts with the same difference come together, and each difference has its fields', async () => {
  const one = { image: 'web:1' };
  const two = { image: 'web:2' };
  have('old', rendering({ a: { shop: one, gone: one }, b: { shop: one }, c: { shop: two }, d: { shop: one } }));
  have('new', rendering({ a: { shop: two }, b: { shop: two }, c: { shop: two, fresh: one }, d: { shop: one } }));
  expect(await diff()).toEqual([
    { stack: 'fresh', hosts: ['c'], change: StackChange.STACK_CHANGE_ADDED, fields: [], problems: [] },
    { stack: 'gone', hosts: ['a'], change: StackChange.STACK_CHANGE_REMOVED, fields: [], problems: [] },
    {
      stack: 'shop',
      hosts: ['a', 'b'],
      change: StackChange.STACK_CHANGE_MODIFIED,
      fields: [{ field: 'services.web.image', before: 'web:1', after: 'web:2' }],
      problems: [],
    },
  ]);
});

test('what fleet.yaml says of a stack is a field as well', async () => {
  have('old', rendering({ a: { shop: { image: 'web:1' } } }));
  have('new', rendering({ a: { shop: { image: 'web:1', driftMode: DriftMode.DRIFT_MODE_REPORT } } }));
  expect(await diff()).toMatchObject([{ fields: [{ field: 'drift', before: 'correct', after: 'report' }] }]);
});

test('a stack that does not render for one host is told with the reason, not as removed', async () => {
  const problem = RenderProblem.create({ code: 'COMPOSE_PORT', stack: 'shop', host: 'a' });
  have('old', rendering({ a: { shop: { image: 'web:1' } } }));
  have('new', rendering({ a: {} }, [problem]));
  expect(await diff()).toMatchObject([
    { stack: 'shop', hosts: ['a'], change: StackChange.STACK_CHANGE_KEPT, problems: [problem] },
  ]);
});

test('two revisions that render to the same have no difference', async () => {
  have('old', rendering({ a: { shop: { image: 'web:1' } } }));
  have('new', rendering({ a: { shop: { image: 'web:1' } } }));
  expect(await diff()).toEqual([]);
});

test('a revision that does not render is refused with its first problem and place', async () => {
  have('old', rendering({}));
  const problems = [
    RenderProblem.create({ code: 'YAML_SYNTAX', message: 'Cannot read it', file: 'fleet.yaml', line: 3, column: 1 }),
    RenderProblem.create({ code: 'YAML_TAG' }),
  ];
  const info = { commit: 'd'.repeat(40), subject: '', author: '', committedAtMs: 0 };
  fleet.revisions.set('new', { info, outcome: { kind: 'refused', problems, warnings: [] } });
  await expect(diff()).rejects.toMatchObject({
    code: 'YAML_SYNTAX',
    message: 'Cannot read it (and 1 more)',
    place: { file: 'fleet.yaml', line: 3 },
    hint: 'This is commit dddddddddddd.',
  });
});
