import {
  type Bundle,
  type DiffRequest,
  type DiffResponse,
  DriftMode,
  FieldChange,
  type RenderProblem,
  StackChange,
} from '@mooring/proto';
import { diffBundles, type FieldDifference } from '../bundle/diff-bundles.ts';
import type { HostStack, Rendering } from '../render/rendering.ts';
import { fitting } from './paging.ts';
import type { QueryParts } from './parts.ts';
import { renderingOf, renderNamed } from './revision-rendering.ts';

/** Characters of a value: what is longer is a script or a certificate, and differs somewhere. */
const MAX_VALUE = 2000;

/** Where two revisions render to different things for the hosts of now; hosts with the same difference come together. Nothing is stored. */
export async function* diffRevisions(
  parts: QueryParts,
  { from, to }: DiffRequest,
): AsyncGenerator<DiffResponse, void, undefined> {
  const before = renderingOf(await renderNamed(parts, from));
  const after = renderingOf(await renderNamed(parts, to));
  for (const change of diffRenderings(before, after)) yield* messages(change);
}

/** A stack that does not render to the same, and the hosts for which that holds. */
interface RenderingDifference {
  readonly stack: string;
  readonly hosts: readonly string[];
  readonly change: StackChange;
  readonly fields: readonly FieldDifference[];
  readonly problems: readonly RenderProblem[];
}

function diffRenderings(before: Rendering, after: Rendering): readonly RenderingDifference[] {
  const stacksBefore = new Map(before.hosts.map(({ host, stacks }) => [host, stacks]));
  const pairs = Map.groupBy(
    after.hosts.flatMap(({ host, stacks, problems }) =>
      pairsOf(host, { old: stacksBefore.get(host) ?? [], fresh: stacks, kept: problems }),
    ),
    ({ key }) => key,
  );
  const bundles = new Map(
    [...before.classes, ...after.classes].map(({ bundleDigest, bundle }) => [bundleDigest, bundle]),
  );
  return [...pairs.values()]
    .flatMap((group) => {
      const [first] = group;
      return first === undefined ? [] : [differenceOf(first, { hosts: group.map(({ host }) => host), bundles })];
    })
    .filter(({ change, fields }) => change !== StackChange.STACK_CHANGE_MODIFIED || fields.length > 0)
    .sort((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1));
}

interface Pair {
  readonly host: string;
  readonly stack: string;
  readonly old: HostStack | undefined;
  readonly fresh: HostStack | undefined;
  readonly kept: readonly RenderProblem[];
  /** Equal for hosts with the same difference. */
  readonly key: string;
}

function pairsOf(
  host: string,
  stacks: { old: readonly HostStack[]; fresh: readonly HostStack[]; kept: readonly RenderProblem[] },
): readonly Pair[] {
  const names = new Set([...stacks.old, ...stacks.fresh, ...stacks.kept].map(({ stack }) => stack));
  return [...names].flatMap((stack) => {
    const old = stacks.old.find((each) => each.stack === stack);
    const fresh = stacks.fresh.find((each) => each.stack === stack);
    const kept = stacks.kept.filter((problem) => problem.stack === stack);
    const texts = [old, fresh].map((each) => (each === undefined ? '' : stackText(each)));
    if (kept.length === 0 && texts[0] === texts[1]) return [];
    const reasons = kept.map(({ code, message }) => [code, message]);
    return [{ host, stack, old, fresh, kept, key: JSON.stringify([stack, ...texts, reasons]) }];
  });
}

function stackText({ bundleDigest, driftMode, ignore }: HostStack): string {
  return JSON.stringify([bundleDigest, driftMode, ignore]);
}

function differenceOf(
  { stack, old, fresh, kept }: Pair,
  { hosts, bundles }: { hosts: readonly string[]; bundles: ReadonlyMap<string, Bundle> },
): RenderingDifference {
  const base = { stack, hosts: [...hosts].sort(), fields: [], problems: kept };
  if (kept.length > 0) return { ...base, change: StackChange.STACK_CHANGE_KEPT };
  if (old === undefined) return { ...base, change: StackChange.STACK_CHANGE_ADDED };
  if (fresh === undefined) return { ...base, change: StackChange.STACK_CHANGE_REMOVED };
  const [before, after] = [bundles.get(old.bundleDigest), bundles.get(fresh.bundleDigest)];
  const fields = before === undefined || after === undefined ? [] : diffBundles(before, after);
  return { ...base, change: StackChange.STACK_CHANGE_MODIFIED, fields: [...policyFields(old, fresh), ...fields] };
}

/** What fleet.yaml says of the stack beside its files. */
function policyFields(old: HostStack, fresh: HostStack): readonly FieldDifference[] {
  const words = (each: HostStack) => [
    ['drift', each.driftMode === DriftMode.DRIFT_MODE_REPORT ? 'report' : 'correct'] as const,
    ['ignore', each.ignore.join(', ')] as const,
  ];
  const after = new Map(words(fresh));
  return words(old)
    .map(([field, before]) => ({ field, before, after: after.get(field) ?? '' }))
    .filter((change) => change.before !== change.after);
}

function sortKey({ stack, hosts }: RenderingDifference): string {
  return `${stack} ${hosts[0] ?? ''}`;
}

/** One message, or several where the fields do not fit into one. */
function* messages({ stack, hosts, change, fields, problems }: RenderingDifference): Generator<DiffResponse> {
  const cut = fields.map(({ field, before, after }) => ({ field, before: shortened(before), after: shortened(after) }));
  do {
    const part = fitting(
      cut,
      (each) => each,
      (each) => FieldChange.encode(each).finish().byteLength,
    );
    cut.splice(0, part.length);
    yield { stack, hosts: [...hosts], change, fields: part, problems: [...problems] };
  } while (cut.length > 0);
}

function shortened(text: string): string {
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`;
}
