import { isIP } from 'node:net';
import { Bundle, MooringError, type Port, type RenderProblem } from '@mooring/proto';
import type { ClassResult } from './memo.ts';
import { problemOf } from './problem.ts';
import type { StackOutcome } from './render-stack.ts';

/** One port of a host that a stack publishes by number. */
interface Published {
  readonly stack: string;
  readonly service: string;
  readonly port: Port;
}

/**
 * Stacks of one host that publish the same port of it: of two, the one whose name comes later fails for that host, and the commit is refused where it
 * then fails everywhere. PORT_CONFLICT names both owners.
 */
export function withoutPortClashes(outcomes: readonly StackOutcome[]): readonly StackOutcome[] {
  const ports = new PublishedPorts();
  const clashes = new Map<string, Map<string, RenderProblem>>();
  const hosts = new Set(outcomes.flatMap((outcome) => [...outcome.hosts.keys()]));
  const known = new Map<string, ReadonlyMap<string, RenderProblem>>();
  for (const host of hosts) {
    const results = outcomes.flatMap(({ stack, hosts: own }) => ports.of(stack.name, own.get(host)));
    const key = results.map(({ digest }) => digest).join(' ');
    const found = known.get(key) ?? clashesOf(results.flatMap((result) => result.published));
    known.set(key, found);
    for (const [stack, problem] of found) clashes.set(stack, (clashes.get(stack) ?? new Map()).set(host, problem));
  }
  return outcomes.map((outcome) => {
    const own = clashes.get(outcome.stack.name);
    return own === undefined ? outcome : withFailures(outcome, own);
  });
}

function withFailures(outcome: StackOutcome, failures: ReadonlyMap<string, RenderProblem>): StackOutcome {
  const hosts = new Map<string, ClassResult>(outcome.hosts);
  for (const [host, problem] of failures) hosts.set(host, { kind: 'failed', problems: [problem] });
  const failsEverywhere = [...hosts.values()].every(({ kind }) => kind === 'failed');
  const problems = failsEverywhere ? [...outcome.problems, ...failures.values()] : outcome.problems;
  return { ...outcome, hosts, problems };
}

/** What each rendering publishes, read once. */
class PublishedPorts {
  readonly #known = new Map<string, readonly Published[]>();

  of(stack: string, result: ClassResult | undefined) {
    if (result?.kind !== 'rendered') return [];
    const digest = result.bundleDigest;
    const published = this.#known.get(digest) ?? publishedBy(stack, Bundle.decode(result.bytes));
    this.#known.set(digest, published);
    return [{ digest, published }];
  }
}

function publishedBy(stack: string, { services }: Bundle): readonly Published[] {
  return services.flatMap(({ name, container, replicas }) =>
    (container?.ports ?? [])
      .filter(({ published, hostPort }) => published && replicas > 0 && /^\d+$/.test(hostPort))
      .map((port) => ({ stack, service: name, port })),
  );
}

/** By the stack that fails: the first clash that it has with an earlier one. */
function clashesOf(published: readonly Published[]): ReadonlyMap<string, RenderProblem> {
  const byPort = Map.groupBy(published, ({ port }) => `${port.hostPort}/${port.protocol}`);
  const failed = new Map<string, RenderProblem>();
  for (const [key, owners] of byPort) {
    for (const [index, owner] of owners.entries()) {
      const earlier = owners.slice(0, index);
      const other = earlier.find(
        (one) => one.stack !== owner.stack && !failed.has(one.stack) && overlap(one.port, owner.port),
      );
      if (other !== undefined && !failed.has(owner.stack)) failed.set(owner.stack, clash(key, other, owner));
    }
  }
  return failed;
}

function clash(key: string, other: Published, owner: Published): RenderProblem {
  const message = `Cannot render stack ${owner.stack}: port ${key} of the host is published by ${other.stack}/${other.service} and ${owner.stack}/${owner.service}; one owner is wanted`;
  const hint = 'Publish another port, bind each to an address of its own, or give the stacks to different hosts.';
  const place = { file: 'fleet.yaml', field: `stacks.${owner.stack}` };
  return { ...problemOf(new MooringError('PORT_CONFLICT', message, { hint, place })), stack: owner.stack };
}

/** An empty address is all of them, the two wildcards are all of IPv4 and all of IPv6. */
function overlap({ hostAddress: a }: Port, { hostAddress: b }: Port): boolean {
  return a === b || a === '' || b === '' || wildcardFor(a) === b || wildcardFor(b) === a;
}

function wildcardFor(address: string): string {
  return isIP(address) === 6 ? '::' : '0.0.0.0';
}
