import { Assignment, type DriftMode, digestOf, type Removal, type StackAssignment } from '@mooring/proto';
import { messageBytes } from '../message-bytes.ts';

/** One stack that a host must run, by the object name of its bundle. */
export interface WantedStack {
  readonly stack: string;
  readonly bundleObject: string;
  readonly driftMode: DriftMode;
  readonly ignore: readonly string[];
}

/** Everything that decides what a host's next assignment says. */
export interface AssignmentWish {
  readonly fleetId: string;
  readonly host: string;
  /** Repository, without credentials. */
  readonly source: string;
  /** The accepted commit, hex. */
  readonly commit: string;
  readonly wanted: readonly WantedStack[];
  /** Stacks that do not render for this host alone: what was assigned stays. */
  readonly kept: readonly string[];
  /** What the newest assignment of the host says; absent: it has none. */
  readonly previous: IssuedContent | undefined;
  /** Stacks whose removal the host reported done; asked for only where one is under way. */
  readonly removed: () => ReadonlySet<string>;
}

/** The part of an assignment that decides whether a new one is issued. */
type AssignmentContent = Pick<Assignment, 'fleetId' | 'host' | 'stacks' | 'removals' | 'allowances' | 'secrets'>;

/** The same with its digest, which is formed once. */
export interface IssuedContent {
  readonly content: AssignmentContent;
  readonly contentDigest: string;
}

/**
 * What the host's next assignment says, or undefined when the newest says it already. A removal that is done disappears with the next
 * assignment, but is no reason to issue one; a host that never had anything gets nothing until something selects it.
 */
export function nextContent(wish: AssignmentWish): IssuedContent | undefined {
  const stacks = [...wish.wanted.map((wanted) => stackAssignment(wish, wanted)), ...keptStacks(wish)].sort(byStack);
  const removals = pendingRemovals(wish, stacks);
  if (wish.previous === undefined && stacks.length === 0) return undefined;
  const next = withDigest({ fleetId: wish.fleetId, host: wish.host, stacks, removals, allowances: [], secrets: [] });
  if (next.contentDigest === wish.previous?.contentDigest) return undefined;
  if (removals.length === 0) return next;
  const removed = wish.removed();
  return withDigest({ ...next.content, removals: removals.filter(({ stack }) => !removed.has(stack)) });
}

/** Digest of what an assignment asks for, whatever its generation, time, reason, actor and seal. */
function withDigest(content: AssignmentContent): IssuedContent {
  const message: Assignment = { ...Assignment.create(), ...content };
  return { content, contentDigest: digestOf(messageBytes((to) => Assignment.encode(message, to))) };
}

function stackAssignment(wish: AssignmentWish, wanted: WantedStack): StackAssignment {
  const next: StackAssignment = {
    stack: wanted.stack,
    source: wish.source,
    commit: wish.commit,
    release: { bundle: wanted.bundleObject, secrets: [] },
    driftMode: wanted.driftMode,
    ignore: [...wanted.ignore],
  };
  const before = wish.previous?.content.stacks.find((stack) => stack.stack === wanted.stack);
  return before !== undefined && saysTheSame(before, next) ? before : next;
}

// The commit names who last changed the release, so it is not part of the comparison.
function saysTheSame(before: StackAssignment, next: StackAssignment): boolean {
  return (
    before.source === next.source &&
    before.release?.bundle === next.release?.bundle &&
    before.driftMode === next.driftMode &&
    before.ignore.join('\n') === next.ignore.join('\n')
  );
}

function keptStacks(wish: AssignmentWish): StackAssignment[] {
  return (wish.previous?.content.stacks ?? []).filter((stack) => wish.kept.includes(stack.stack));
}

function pendingRemovals(wish: AssignmentWish, stacks: readonly StackAssignment[]): Removal[] {
  const running = new Set(stacks.map((stack) => stack.stack));
  const { stacks: given = [], removals: pending = [] } = wish.previous?.content ?? {};
  const dropped = given.map(({ stack }) => ({
    stack,
    commit: wish.commit,
    reason: `commit ${wish.commit.slice(0, 12)} no longer gives stack ${stack} to this host`,
  }));
  return [...pending, ...dropped].filter(({ stack }) => !running.has(stack)).sort(byStack);
}

function byStack(a: { stack: string }, b: { stack: string }): number {
  return a.stack < b.stack ? -1 : Number(a.stack > b.stack);
}
