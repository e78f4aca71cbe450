import { HostState, type Report, StackState } from '@mooring/proto';

/** Everything that a host reports. */
export interface Snapshot {
  readonly host: HostState;
  readonly stacks: readonly StackState[];
}

/** What the hub was told on this stream, as bytes. */
export interface Told {
  readonly host: string;
  readonly stacks: ReadonlyMap<string, string>;
}

/** A report without its sequence. */
export type ReportContent = Omit<Report, 'sequence'>;

/** Bytes of one report: half of what one message may have. */
const MAX_REPORT_BYTES = 512 * 1024;

/** A part of what is to be told, and what the hub knows once it has stored it. */
export interface ReportPart {
  readonly content: ReportContent;
  readonly told: Told;
}

/**
 * The next report; undefined: the hub knows everything. The first is full, later ones name only what changed. What is too much for one message
 * goes in several, the first of which is the full one.
 */
export function nextReport(snapshot: Snapshot, told: Told | undefined): ReportPart | undefined {
  const host = hostKey(snapshot.host);
  const known = told?.stacks ?? new Map<string, string>();
  const stacks: StackState[] = [];
  const after = new Map(known);
  let bytes = 0;
  for (const stack of snapshot.stacks) {
    const key = stackKey(stack);
    if (known.get(stack.stack) === key) continue;
    bytes += key.length;
    if (stacks.length > 0 && bytes > MAX_REPORT_BYTES) break;
    stacks.push(stack);
    after.set(stack.stack, key);
  }
  const present = new Set(snapshot.stacks.map(({ stack }) => stack));
  const goneStacks = [...known.keys()].filter((stack) => !present.has(stack));
  for (const stack of goneStacks) after.delete(stack);
  const full = told === undefined;
  const hostChanged = full || told.host !== host;
  if (!hostChanged && stacks.length === 0 && goneStacks.length === 0) return undefined;
  const content = { full, host: hostChanged ? snapshot.host : undefined, stacks, goneStacks };
  return { content, told: { host, stacks: after } };
}

/** A newer look that saw the same is not told. */
function hostKey(host: HostState): string {
  return encode(HostState.encode({ ...host, observedAtMs: 0n }).finish());
}

function stackKey(stack: StackState): string {
  return encode(StackState.encode(stack).finish());
}

// One character per byte: half the memory of hex, and cheap to compare.
function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
