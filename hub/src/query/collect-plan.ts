import {
  Bundle,
  DriftMode,
  digestOf,
  MooringError,
  type PlannedHost,
  type PlannedRevision,
  type PlanRequest,
} from '@mooring/proto';

/** Bytes of all bundles of one question: those of a large fleet; contents of files are never among them. */
const MAX_BUNDLE_BYTES = 64 * 1024 * 1024;
/** Hosts of one question: a fleet. */
const MAX_HOSTS = 20_000;
/** Stacks of one host. */
const MAX_STACKS = 1000;

/** What each host would run: bundles by their digest, each shared by the hosts that run it. */
export interface Wanted {
  readonly bundles: ReadonlyMap<string, Buffer>;
  readonly hosts: readonly PlannedHost[];
}

/** What a caller asks a plan for. */
export type PlanSubject =
  | { readonly kind: 'revision'; readonly revision: PlannedRevision }
  | ({ readonly kind: 'bundles' } & Wanted);

/** Reads a question for a plan to its end. Throws INVALID_ARGUMENT or PLAN_TOO_LARGE. */
export async function collectPlan(requests: AsyncIterable<PlanRequest>): Promise<PlanSubject> {
  const bundles = new Map<string, Buffer>();
  const stacks = new Map<string, string | undefined>();
  const hosts = new Map<string, PlannedHost>();
  let bytes = 0;
  for await (const { part } of requests) {
    switch (part?.$case) {
      case 'revision':
        if (bundles.size > 0 || hosts.size > 0) throw invalid('it holds a revision and bundles; one of both is wanted');
        return { kind: 'revision', revision: part.value };
      case 'bundle':
        bytes += part.value.byteLength;
        if (bytes > MAX_BUNDLE_BYTES) throw tooLarge(`its bundles have more than ${MAX_BUNDLE_BYTES} bytes`);
        bundles.set(digestOf(part.value), part.value);
        stacks.set(digestOf(part.value), stackOf(part.value));
        break;
      case 'host':
        checkHost(part.value, { stacks, hosts });
        hosts.set(part.value.host, part.value);
        break;
      case undefined:
        throw invalid('a part of it is empty; a revision, a bundle or a host is wanted');
    }
  }
  if (hosts.size === 0) throw invalid('it names no host; at least one is wanted');
  return { kind: 'bundles', bundles, hosts: [...hosts.values()] };
}

function checkHost(
  { host, stacks: wanted }: PlannedHost,
  { stacks, hosts }: { stacks: ReadonlyMap<string, string | undefined>; hosts: ReadonlyMap<string, PlannedHost> },
): void {
  if (hosts.has(host)) throw invalid(`host ${host} is there twice; once is wanted`);
  if (hosts.size >= MAX_HOSTS) throw tooLarge(`it has more than ${MAX_HOSTS} hosts`);
  if (wanted.length > MAX_STACKS) throw tooLarge(`host ${host} has more than ${MAX_STACKS} stacks`);
  for (const { stack, bundleDigest, driftMode } of wanted) {
    if (!stacks.has(bundleDigest))
      throw invalid(`the bundle of stack ${stack} was not sent; it is wanted before its hosts`);
    if (driftMode === DriftMode.DRIFT_MODE_UNSPECIFIED) throw invalid(`the drift mode of stack ${stack} is not set`);
    if (stacks.get(bundleDigest) !== stack)
      throw invalid(`the bundle of stack ${stack} is of another stack; its own is wanted`);
  }
}

function stackOf(bytes: Uint8Array): string | undefined {
  try {
    return Bundle.decode(bytes).stack;
  } catch {
    // Bytes that are no bundle are of no stack.
    return undefined;
  }
}

function invalid(reason: string): MooringError {
  return new MooringError('INVALID_ARGUMENT', `Cannot plan: ${reason}`);
}

function tooLarge(reason: string): MooringError {
  return new MooringError('PLAN_TOO_LARGE', `Cannot plan: ${reason}; a smaller question is wanted`);
}
