import { Bundle, MooringError, type RenderProblem } from '@mooring/proto';
import type { RepositoryReader } from '../compose/repository.ts';
import { fleetMembers } from './choose.ts';
import { type Memo, MemoIndex } from './memo.ts';
import { MAX_OBJECT_BYTES } from './object-limit.ts';
import { withoutPortClashes } from './port-clashes.ts';
import { distinctProblems, MAX_WARNINGS, problemOf, problemsOf } from './problem.ts';
import { readFleet } from './read-fleet.ts';
import { renderStack, type StackOutcome } from './render-stack.ts';
import type { HostRendering, HostStack, InventoryHost, PlainObject, RenderedClass, Rendering } from './rendering.ts';
import { READ_LIMITS, type ReadLimits } from './trace.ts';

/** What a rendering starts from. */
export interface RenderInput {
  readonly repository: RepositoryReader;
  readonly inventory: readonly InventoryHost[];
  /** Renderings of earlier commits; empty: everything is rendered anew. */
  readonly memo: Memo;
  readonly limits?: RenderLimits | undefined;
}

/** Bounds of one rendering of the whole fleet. */
export interface RenderLimits {
  readonly read: ReadLimits;
  /** Bytes of all objects rendered anew. */
  readonly maxObjectBytes: number;
}

/** A commit rendered for the fleet, or why it is refused whole. `memo` is what the next rendering should be given. */
export type FleetRendering =
  | { readonly kind: 'rendered'; readonly rendering: Rendering; readonly memo: Memo }
  | {
      readonly kind: 'refused';
      readonly problems: readonly RenderProblem[];
      readonly warnings: readonly RenderProblem[];
      readonly memo: Memo;
    };

/** Bounds that hold unless a test says otherwise: what the child process can hold and hand back. */
export const RENDER_LIMITS: RenderLimits = { read: READ_LIMITS, maxObjectBytes: MAX_OBJECT_BYTES };

/**
 * Renders a commit for every host of the inventory. Each class of hosts is rendered once: hosts share a rendering when they chose the same
 * overlays and the variables that the files name have the same values, and a rendering is used again for later commits that leave all it
 * looked at alone. A commit is refused whole when fleet.yaml or a file that it lists cannot be read, or a stack fails for every host that it
 * is for; a stack that fails for some hosts only is their problem alone.
 */
export async function renderFleet({
  repository,
  inventory,
  memo,
  limits = RENDER_LIMITS,
}: RenderInput): Promise<FleetRendering> {
  const read = await readFleet(repository).catch((error: unknown) => ({
    kind: 'refused' as const,
    problems: problemsOf(error),
  }));
  if (read.kind === 'refused')
    return { kind: 'refused', problems: distinctProblems(read.problems), warnings: [], memo };
  const { fleet } = read;
  const members = fleetMembers(fleet, inventory);
  const index = new MemoIndex(repository, memo);

  const rendered: StackOutcome[] = [];
  for (const stack of fleet.stacks)
    rendered.push(await renderStack({ fleet, stack, members, repository, index, limits: limits.read }));
  const outcomes = withoutPortClashes(rendered);

  const objects = distinctObjects(outcomes);
  const problems = distinctProblems([
    ...outcomes.flatMap((outcome) => outcome.problems),
    ...sizeProblems(objects, limits),
  ]);
  const warnings = distinctProblems(
    [...read.warnings(members), ...outcomes.flatMap((outcome) => outcome.warnings)],
    MAX_WARNINGS,
  );
  // What a refused commit did not get to use still serves the accepted one.
  if (problems.length > 0) return { kind: 'refused', problems, warnings, memo: merge(memo, index.usedEntries()) };
  const classesRendered = outcomes.reduce((sum, outcome) => sum + outcome.classesRendered, 0);
  const rendering = {
    classes: classesOf(outcomes),
    objects,
    hosts: hostsOf(members, outcomes),
    warnings,
    classesRendered,
  };
  return { kind: 'rendered', rendering, memo: index.usedEntries() };
}

function merge(older: Memo, newer: Memo): Memo {
  return [...new Set([...older, ...newer])];
}

function classesOf(outcomes: readonly StackOutcome[]): readonly RenderedClass[] {
  const classes = new Map<string, RenderedClass>();
  for (const { stack, hosts } of outcomes) {
    for (const result of hosts.values()) {
      if (result.kind !== 'rendered' || classes.has(result.bundleDigest)) continue;
      classes.set(result.bundleDigest, {
        stack: stack.name,
        bundleDigest: result.bundleDigest,
        bundle: Bundle.decode(result.bytes),
        files: result.files,
      });
    }
  }
  return [...classes.values()];
}

function hostsOf(
  members: ReturnType<typeof fleetMembers>,
  outcomes: readonly StackOutcome[],
): readonly HostRendering[] {
  return members.map(({ name, labels }) => {
    const stacks: HostStack[] = [];
    const problems: RenderProblem[] = [];
    for (const { stack, hosts } of outcomes) {
      const result = hosts.get(name);
      if (result?.kind === 'failed') problems.push(...result.problems.map((problem) => ({ ...problem, host: name })));
      if (result?.kind !== 'rendered') continue;
      stacks.push({
        stack: stack.name,
        bundleDigest: result.bundleDigest,
        driftMode: stack.driftMode,
        ignore: stack.ignore,
      });
    }
    return { host: name, labels, stacks, problems: distinctProblems(problems) };
  });
}

function distinctObjects(outcomes: readonly StackOutcome[]): readonly PlainObject[] {
  const objects = new Map<string, PlainObject>();
  for (const object of outcomes.flatMap((outcome) => outcome.objects)) objects.set(object.plainDigest, object);
  return [...objects.values()];
}

function sizeProblems(objects: readonly PlainObject[], limits: RenderLimits): readonly RenderProblem[] {
  const bytes = objects.reduce((sum, object) => sum + object.bytes.byteLength, 0);
  if (bytes <= limits.maxObjectBytes) return [];
  const message = `Cannot render the repository: bundles and mounted files have ${bytes} bytes together; at most ${limits.maxObjectBytes} are rendered at once`;
  return [problemOf(new MooringError('RENDER_TOO_LARGE', message, { hint: 'Put large data into volumes or images.' }))];
}
